import { Argument, Command, Option } from 'commander';
import { complain, EXIT } from '../exit-codes.js';
import { positiveInteger, share } from '../options.js';
import { pose } from '../pose/pose.js';
import { Progress } from '../progress.js';
import { DEFAULT_NETWORK, NETWORK_NAMES, networkFolder, shippedPhotographs } from '../shipped.js';

/** Networks are trained to put out 1 where a joint surely is. */
const DEFAULT_MIN_SCORE = 0.2;

const READING = `
Networks that come with it: movenet-thunder and movenet-lightning (MoveNet by Google, with
COCO's joints), hourglass and hourglass-resnet (trained by this project, with MPII's), and
published (the hourglass in its published shape, its weights seeded: no pose).

Each image is turned as its EXIF orientation says and scaled, its aspect kept, into the
network's input, centred between black bars. Positions in --json are those in the image's
own pixels, by MPII's and by COCO's names, as far as the network knows a joint. One that
reaches less than --min-score, or that lies on a bar, is "found": false and has no position.

Exit codes: 0; 1 if wasm and dynconv disagree, or the output cannot be written; 2 for a
wrong option, network or image.`;

interface PoseFlags {
  network?: string;
  model?: string;
  minScore: number;
  out?: string;
  runs: number;
  compare: boolean;
  layers?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** `dynconv pose`: a pose network on photographs. */
export function poseCommand(): Command {
  return new Command('pose')
    .description(
      'Runs a pose network on pictures, on dynconv and on wasm, and draws what came out.',
    )
    .addArgument(
      new Argument(
        '[images...]',
        'JPEG, PNG or WebP files, and folders of .jpg, .jpeg and .png files',
      ).default(shippedPhotographs(), 'the shipped photographs'),
    )
    .option(
      '-w, --network <name|folder>',
      `${NETWORK_NAMES.join(', ')}, or a converted model: the folder of its model.json, or that file ` +
        `(default: ${DEFAULT_NETWORK})`,
    )
    .addOption(
      new Option('-m, --model <folder>', 'the same as --network').conflicts('network').hideHelp(),
    )
    .option(
      '-o, --out <path>',
      'the PNG to write, or with several images the folder (default: <image>-pose.png, here); ' +
        'a chart of the lanes goes beside it (<image>-timeline.svg), and of several images an ' +
        'overview',
    )
    .option(
      '--min-score <number>',
      'the least score of a joint that is drawn, from 0 to 1',
      share,
      DEFAULT_MIN_SCORE,
    )
    .option('-n, --runs <number>', 'timed predictions on each backend', positiveInteger, 7)
    .option('--no-compare', 'run on dynconv alone')
    .option('--layers', 'report layer by layer, too')
    .option('--json', 'print one JSON document on stdout')
    .option('-q, --quiet', 'no progress on stderr')
    .addHelpText('after', READING)
    .action(async (images: string[], flags: PoseFlags) => {
      const print = (text: string): void => {
        if (!flags.json) process.stdout.write(`${text}\n`);
      };
      const network = networkFolder(flags.network ?? flags.model ?? DEFAULT_NETWORK);
      const progress = new Progress(flags.quiet);
      const report = await pose({ ...flags, network, images }, { progress, print, complain });
      if (flags.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      if (report.failures.length > 0) {
        process.exitCode = EXIT.usage;
      } else if (report.images.some(({ agreement }) => agreement?.agree === false)) {
        process.exitCode = EXIT.disagree;
      }
    });
}
