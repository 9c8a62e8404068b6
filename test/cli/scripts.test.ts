import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { MOST_LANES } from '../../src/arrays/control.js';
import { projectPath } from './command.js';

/** Programs of the project, and an option of theirs. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'scripts/study.mjs': '--out FOLDER',
  'scripts/mutate.mjs': '--only 3,7',
  'scripts/programs.mjs': '--kind KIND',
  'bench/main.mjs': '--browser',
};

describe('programs of the project', () => {
  for (const [program, option] of Object.entries(PROGRAMS)) {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [projectPath(program), ...args], { encoding: 'utf8' });

    it(`say how they are used: ${program}`, () => {
      const { status, stdout, stderr } = run('--help');
      expect(stdout).to.include(option).and.to.include('--help');
      expect(stderr).to.equal('');
      expect(status).to.equal(0);
    });

    it(`say what is wrong, and no stack trace: ${program}`, () => {
      const { status, stdout, stderr } = run('--bogus');
      expect(stderr)
        .to.match(/^Unknown option '--bogus'/)
        .and.to.include(option);
      expect(stderr).not.to.match(/^ +at /m);
      expect(stdout).to.equal('');
      expect(status).to.equal(2);
    });
  }

  const misuses: [what: string, args: string[], message: string][] = [
    [
      'more lanes than there can be',
      ['networks', '--lanes', '1e9'],
      `--lanes 1e9: a whole number from 1 to ${MOST_LANES} is needed.`,
    ],
    [
      'models of a benchmark that has none to choose',
      ['networks', '--models', 'x'],
      '--models goes with zoo and operations only.',
    ],
    ['a file of one that writes none', ['--out', 'x'], '--out goes with tune only.'],
    [
      'a file in no folder',
      ['tune', '--out', '/nowhere/x'],
      '--out /nowhere/x: it cannot be written (ENOENT).',
    ],
    [
      'a file below a file',
      ['tune', '--out', 'LICENSE/x'],
      '--out LICENSE/x: it cannot be written (ENOTDIR).',
    ],
    ['a folder as file', ['tune', '--out', 'docs'], '--out docs: it cannot be written (EISDIR).'],
  ];
  for (const [what, args, message] of misuses) {
    it(`refuse ${what}: bench/main.mjs`, () => {
      const command = [projectPath('bench/main.mjs'), ...args];
      const { status, stderr } = spawnSync(process.execPath, command, {
        encoding: 'utf8',
        timeout: 20_000,
      });
      expect(stderr.split('\n')[0]).to.equal(message);
      expect(status).to.equal(2);
    });
  }

  it('refuse random programs of a kind that there is not', () => {
    for (const [option, text, needed] of [
      ['--kind', 'x', 'one of programs, sessions, networks'],
      ['--count', '1e3', 'a whole number'],
      ['--seed', '-1', 'a whole number'],
    ]) {
      const args = [projectPath('scripts/programs.mjs'), `${option}=${text}`];
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      expect(stderr.split('\n')[0]).to.equal(`${option} ${text}: ${needed} is needed.`);
      expect(status).to.equal(2);
    }
  });

  it('refuse a fault that there is not', () => {
    for (const only of ['0', '3,x', '9999']) {
      const args = [projectPath('scripts/mutate.mjs'), '--only', only];
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      expect(stderr).to.match(/^--only .*: numbers from 1 to \d+ are needed\.\n/);
      expect(status).to.equal(2);
    }
  });
});
