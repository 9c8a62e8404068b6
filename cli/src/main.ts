import { Command, CommanderError } from 'commander';
import { version } from 'tfjs-backend-dynconv';
import { mapCommand } from './commands/map.js';
import { poseCommand } from './commands/pose.js';
import { profileCommand } from './commands/profile.js';
import { simulateCommand } from './commands/simulate.js';
import { revectorize } from './engine.js';
import { complain, EXIT } from './exit-codes.js';
import { outliveReaders } from './output-streams.js';
import { UserError } from './user-error.js';

/** The subcommands, each in a file of its own in commands/. */
const COMMANDS = [poseCommand, profileCommand, mapCommand, simulateCommand];

/** Parses the arguments and runs the command; sets the process's exit code. */
async function main(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(args);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed its message, or the help that was asked for.
      if (error.exitCode !== 0) process.exitCode = EXIT.usage;
    } else if (error instanceof UserError) {
      complain(error.message);
      process.exitCode = EXIT.usage;
    } else {
      throw error;
    }
  }
}

function program(): Command {
  const dynconv = new Command('dynconv')
    .description('Convolutional networks that skip the pixels which their own masks throw away.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(dynconv --help shows what there is)');
  for (const command of COMMANDS) {
    const subcommand = command();
    dynconv.addCommand(
      subcommand
        .exitOverride()
        .showHelpAfterError(`(dynconv ${subcommand.name()} --help shows what there is)`),
    );
  }
  return dynconv;
}

outliveReaders();
revectorize();
await main(process.argv);
