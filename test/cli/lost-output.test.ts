import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCanvas } from '@napi-rs/canvas';
import { expect } from 'chai';
import { projectPath, type CommandResult } from './command.js';
import { useTemporaryFolder } from './temporary-folder.js';

const MODEL = projectPath('models/fixtures/mobilenetv2-hourglass/graph');
/** A device that has no space left, where there is one. */
const FULL = '/dev/full';

/** Where a stream of the command goes: to a reader, to one that stopped before the first word, or to a device. */
type Target = 'read' | 'closed' | 'full';

describe('dynconv pose, whose output is lost,', function () {
  this.timeout(60_000);
  const temporary = useTemporaryFolder();

  before(() => {
    const canvas = createCanvas(64, 48);
    canvas.getContext('2d').fillRect(5, 5, 30, 30);
    for (const name of ['a.png', 'b.png'])
      writeFileSync(join(temporary.path, name), canvas.toBuffer('image/png'));
  });

  async function pose(
    out: string,
    targets: { stdout: Target; stderr: Target },
    ...args: string[]
  ): Promise<CommandResult> {
    const pipe = (target: Target) => (target === 'full' ? openSync(FULL, 'w') : 'pipe');
    const bin = projectPath('cli/bin/dynconv.mjs');
    const options = ['--network', MODEL, '-n', '1', '--no-compare', '--out', out, ...args];
    const child = spawn(process.execPath, [bin, 'pose', 'a.png', 'b.png', ...options], {
      cwd: temporary.path,
      stdio: ['ignore', pipe(targets.stdout), pipe(targets.stderr)],
    });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      if (targets[name] === 'closed') child[name]?.destroy();
      else child[name]?.on('data', (text: Buffer) => (texts[name] += text.toString()));
    }
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, ...texts };
  }

  function expectPictures(out: string): void {
    expect(readdirSync(join(temporary.path, out)).sort()).to.deep.equal([
      'a-pose.png',
      'a-timeline.svg',
      'b-pose.png',
      'b-timeline.svg',
      'overview-pose.png',
    ]);
  }

  it('writes all files where nobody reads on', async () => {
    const streams: [stdout: Target, stderr: Target][] = [
      ['closed', 'read'],
      ['read', 'closed'],
      ['closed', 'closed'],
    ];
    for (const [stdout, stderr] of streams) {
      const out = `${stdout}-${stderr}`;
      const { code, ...texts } = await pose(out, { stdout, stderr });
      expectPictures(out);
      if (stdout === 'read') expect(texts.stdout).to.include('All of them');
      expect(code).to.equal(0);
    }
  });

  it('says once that the output cannot be written, and writes all files', async function () {
    if (!existsSync(FULL)) this.skip();
    const full = await pose('full', { stdout: 'full', stderr: 'read' }, '--quiet');
    expect(full.stderr).to.match(/^dynconv: The output cannot be written: ENOSPC.*\n$/);
    expect(full.code).to.equal(1);
    expectPictures('full');
    const mute = await pose('mute', { stdout: 'read', stderr: 'full' });
    expect(mute.stdout).to.include('All of them');
    expect(mute.code).to.equal(1);
    expectPictures('mute');
  });
});
