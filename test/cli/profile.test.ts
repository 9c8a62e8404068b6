import { cpSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadImage } from '@napi-rs/canvas';
import { expect } from 'chai';
import { profileReport } from '../../cli/src/profile/profile-report.js';
import type { ChromeTrace } from '../../src/index.js';
import { dynconv, projectPath } from './command.js';
import { useTemporaryFolder } from './temporary-folder.js';

const GRAPH = projectPath('models/fixtures/mobilenetv2-hourglass/graph');
const LAYERS = projectPath('models/fixtures/mobilenetv2-hourglass/layers');
const PHOTO = projectPath('models/photos/astronaut.jpg');

describe('dynconv profile', function () {
  this.timeout(120_000);
  const temporary = useTemporaryFolder();

  it('says how it is used', () => {
    const { code, stdout } = dynconv(temporary.path, 'profile', '--help');
    expect(code).to.equal(0);
    for (const part of [
      '<model>',
      '--image',
      '--out',
      '--svg',
      '--lanes',
      '--json',
      'Exit codes',
    ]) {
      expect(stdout).to.include(part);
    }
  });

  it('writes a trace and a chart, and says the same in its report', async () => {
    const outputs = ['--out', 'trace.json', '--svg', 'lanes.svg', '--json'];
    const args = ['profile', GRAPH, '--image', PHOTO, '--lanes', '2', '-n', '1', ...outputs];
    const { code, stdout, stderr } = dynconv(temporary.path, ...args);
    expect(stderr).to.include('Loading').and.to.include('Profiling');
    expect(code).to.equal(0);
    const report = profileReport.parse(JSON.parse(stdout));
    expect(report.model.inputs).to.deep.equal([
      { name: 'image', shape: [1, 64, 64, 3], source: PHOTO },
    ]);
    expect(report.macs.executed).to.be.lessThan(report.macs.total);

    const { traceEvents } = JSON.parse(
      readFileSync(join(temporary.path, 'trace.json'), 'utf8'),
    ) as ChromeTrace;
    const calls = traceEvents.filter((event) => event.ph === 'X');
    expect(calls).to.have.length(report.timeline.kernels);
    const busy = calls.reduce((sum, { dur }) => sum + dur, 0) / 1000;
    expect(busy).to.be.closeTo(report.timeline.busy, 0.01);
    const byLayer = report.layers.reduce((sum, layer) => sum + layer.milliseconds, 0);
    expect(byLayer + report.others.busy).to.be.closeTo(report.timeline.busy, 0.01);
    expect(new Set(calls.map(({ name }) => name))).to.include(report.layers[0].weight);

    const svg = readFileSync(join(temporary.path, 'lanes.svg'));
    expect((await loadImage(svg)).width).to.be.greaterThan(1000);
    expect(svg.toString()).to.include('PE array 0').and.to.include('PE array 1');
  });

  it('gives random values to a layers model, named by its model.json, and tells a person', () => {
    const args = ['profile', join(LAYERS, 'model.json'), '-n', '1', '--lanes', '1', '--quiet'];
    const { code, stdout, stderr } = dynconv(temporary.path, ...args);
    expect(stderr).to.equal('');
    expect(code).to.equal(0);
    expect(stdout).to.include('[1, 64, 64, 3]: random').and.to.include('1 lane\n');
    expect(stdout)
      .to.match(/PE array 0 .* 1 lane\n/)
      .and.to.match(/PE array 1 .* 0 lanes\n/);
    expect(stdout).to.include('stack1_fc').and.to.include('in theory');
  });

  it('takes a model.json by another name, as dynconv map does, and the card beside it', () => {
    const folder = join(temporary.path, 'renamed');
    cpSync(GRAPH, folder, { recursive: true });
    renameSync(join(folder, 'model.json'), join(folder, 'other.json'));
    writeFileSync(join(folder, 'dynconv.json'), '{ "name": "a model by another name" }');
    const args = ['profile', 'renamed/other.json', '--densities', 'masks.json', '-n', '1', '-q'];
    const { code, stdout, stderr } = dynconv(temporary.path, ...args);
    expect(stderr).to.equal('');
    expect(code).to.equal(0);
    expect(stdout).to.include('a model by another name');
    expect(readFileSync(join(temporary.path, 'masks.json'), 'utf8')).to.include(
      'dynconv-densities',
    );
  });

  it('says so where the model takes no image', () => {
    const folder = join(temporary.path, 'vector');
    cpSync(GRAPH, folder, { recursive: true });
    writeVectorModel(folder);
    const args = ['profile', folder, '--image', PHOTO, '-n', '1', '--quiet'];
    const { code, stdout, stderr } = dynconv(temporary.path, ...args);
    expect(stderr).to.match(/^dynconv: .*astronaut.jpg: the model takes float32 \[1, 8\], not/);
    expect(stdout).to.include('x [1, 8]: random');
    expect(code).to.equal(0);
  });

  const mistakes: Record<string, [args: string[], message: string]> = {
    'no model': [[], "missing required argument 'model'"],
    'a folder that is not there': [['nowhere'], 'There is no folder nowhere'],
    'no lanes': [[GRAPH, '--lanes', '0'], 'a whole number above 0'],
    'too many lanes': [[GRAPH, '--lanes', '99'], '--lanes 99: DYNCONV_LANES is 99'],
    'an image that is not there': [[GRAPH, '--image', 'no.jpg'], 'The image no.jpg cannot be read'],
  };
  for (const [what, [args, message]] of Object.entries(mistakes)) {
    it(`exits with 2 and says what is wrong: ${what}`, () => {
      const { code, stderr } = dynconv(temporary.path, 'profile', ...args, '--quiet');
      expect(stderr).to.include(message);
      expect(code).to.equal(2);
    });
  }
});

/** Makes the model in a folder one that doubles a vector of eight numbers. */
function writeVectorModel(folder: string): void {
  const float = { type: 'DT_FLOAT' };
  const dim = [{ size: '1' }, { size: '8' }];
  const node = [
    { name: 'x', op: 'Placeholder', attr: { dtype: float, shape: { shape: { dim } } } },
    { name: 'y', op: 'AddV2', input: ['x', 'x'], attr: { T: float } },
  ];
  const modelTopology = { node, versions: { producer: 1 } };
  const weightsManifest = [{ paths: ['w.bin'], weights: [] }];
  writeFileSync(join(folder, 'w.bin'), '');
  writeFileSync(
    join(folder, 'model.json'),
    JSON.stringify({ format: 'graph-model', modelTopology, weightsManifest }),
  );
}

describe('dynconv profile --densities', function () {
  this.timeout(120_000);
  const temporary = useTemporaryFolder();

  for (const [kind, model] of [
    ['a graph model', GRAPH],
    ['a layers model', LAYERS],
  ]) {
    it(`records masks of ${kind} by which map executes just what was executed`, () => {
      const args = ['--image', PHOTO, '-n', '1', '--densities', 'masks.json', '--json', '-q'];
      const profiled = dynconv(temporary.path, 'profile', model, ...args);
      expect(profiled.stderr).to.equal('');
      const { macs } = profileReport.parse(JSON.parse(profiled.stdout));
      const hardware = projectPath('hardware/one-array.yaml');
      const options = ['--lpf-limit', '3', '--densities', 'masks.json', '--json'];
      const mapped = dynconv(temporary.path, 'map', model, '--hardware', hardware, ...options);
      expect(mapped.stderr).to.equal('');
      const { layers } = JSON.parse(mapped.stdout) as { layers: { type: string; macs: number }[] };
      const executed = layers
        .filter(({ type }) => type !== 'Add' && !type.endsWith('Pool'))
        .reduce((sum, layer) => sum + layer.macs, 0);
      expect(executed).to.be.closeTo(macs.executed, 1e-6 * macs.executed);
      expect(macs.executed).to.be.lessThan(macs.total);
    });
  }
});
