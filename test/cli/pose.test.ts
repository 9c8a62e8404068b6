import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadImage } from '@napi-rs/canvas';
import { expect } from 'chai';
import { poseReport } from '../../src/cli/pose-report.js';
import { dynconv, projectPath } from './command.js';
import { useTemporaryFolder } from './temporary-folder.js';

const MODEL = projectPath('models/fixtures/mobilenetv2-hourglass/graph');
const PHOTO = projectPath('models/photos/astronaut.jpg');

describe('dynconv', function () {
  this.timeout(60_000);
  const temporary = useTemporaryFolder();

  it('says how it is used, and its version', () => {
    const { code, stdout } = dynconv(temporary.path, '--help');
    expect(code).to.equal(0);
    expect(stdout).to.include('pose');
    const packageJson = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as {
      version: string;
    };
    expect(dynconv(temporary.path, '--version').stdout.trim()).to.equal(packageJson.version);
    expect(dynconv(temporary.path, 'pose', '--help').stdout).to.include('--model <folder>');
  });

  const mistakes: Record<string, [args: string[], message: string]> = {
    'an unknown option': [['pose', '--fast'], "unknown option '--fast'"],
    'an unknown command': [['dance'], "unknown command 'dance'"],
    'no number of runs': [['pose', '--runs', 'many'], 'a whole number above 0'],
    'a missing model': [['pose', PHOTO, '--model', 'absent'], 'no folder absent'],
    'a missing image': [['pose', 'absent.jpg', '--model', MODEL], 'absent.jpg cannot be read'],
    'a folder that cannot be written to': [
      ['pose', PHOTO, '--model', MODEL, '-o', 'absent/a.png'],
      'absent is no folder to write to',
    ],
    'one picture for two images': [['pose', PHOTO, PHOTO, '-o', 'a.png'], '--out names one'],
  };
  for (const [name, [args, message]] of Object.entries(mistakes)) {
    it(`refuses ${name}: exit code 2, no stack trace`, () => {
      const { code, stderr } = dynconv(temporary.path, ...args);
      expect(stderr).to.include(message);
      expect(stderr).not.to.match(/^ +at /m);
      expect(code).to.equal(2);
    });
  }

  it('prints one JSON document, and draws a picture', async () => {
    const args = ['pose', PHOTO, '--model', MODEL, '--json', '--runs', '2', '--layers'];
    const { code, stdout } = dynconv(temporary.path, ...args);
    expect(code).to.equal(0);
    const report = poseReport.parse(JSON.parse(stdout));
    expect(report.model).to.include({ format: 'graph-model', path: MODEL });
    const [image] = report.images;
    expect(image.heatmaps).to.deep.equal([16, 16, 16]);
    expect(image.size).to.deep.equal([512, 512]);
    expect(image.agreement?.agree).to.equal(true);
    expect(image.groups.map(({ name }) => name)).to.deep.equal(['stem', 'stack 1']);
    expect(image.macs.executed).to.be.lessThan(image.macs.total);
    expect(image.layers).not.to.be.empty;
    expect(image.timings.wasm?.runs).to.equal(2);
    const picture = await loadImage(readFileSync(join(temporary.path, image.picture)));
    expect(picture.width).to.be.greaterThan(1000);
  });

  it('tells a person the same, on dynconv alone when asked', () => {
    const args = ['pose', PHOTO, '--model', MODEL, '--no-compare', '-n', '1', '-o', 'alone.png'];
    const { code, stdout, stderr } = dynconv(temporary.path, ...args);
    expect(code).to.equal(0);
    expect(stdout).to.include('stack 1').and.to.include('total').and.to.include('in theory');
    expect(stdout).not.to.include('over wasm');
    expect(stderr).to.include('Loading').and.to.include('Timing');
    expect(existsSync(join(temporary.path, 'alone.png'))).to.equal(true);
  });

  it('refuses a model whose input is no picture', () => {
    const folder = projectPath('models/fixtures/mobilenetv2-hourglass/layers');
    const text = readFileSync(join(folder, 'model.json'), 'utf8');
    const wrong = join(temporary.path, 'model.json');
    writeFileSync(wrong, text.replaceAll('[null, 64, 64, 3]', '[null, null, null, 3]'));
    writeFileSync(
      join(temporary.path, 'group1-shard1of1.bin'),
      readFileSync(join(folder, 'group1-shard1of1.bin')),
    );
    const { code, stderr } = dynconv(temporary.path, 'pose', PHOTO, '--model', '.');
    expect(stderr).to.include('height and width must be fixed');
    expect(code).to.equal(2);
  });
});
