import { cpSync, readFileSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { MODEL as ONNX, WORKLOAD } from '../fuzz/samples.js';
import { dynconv, projectPath } from './command.js';
import { useTemporaryFolder } from './temporary-folder.js';

const MODEL = projectPath('models/trained/mobilenetv2-dynamic-b025');
const LAYERS = projectPath('models/fixtures/mobilenetv2-hourglass/layers');
const GRAPH = projectPath('models/fixtures/mobilenetv2-hourglass/graph');
const ONE_ARRAY = projectPath('hardware/one-array.yaml');
const WEIGHTS = 'group1-shard1of1.bin';

describe('what dynconv map reads', function () {
  this.timeout(60_000);
  const temporary = useTemporaryFolder();

  before(() => {
    for (const name of ['missing', 'short']) {
      cpSync(MODEL, join(temporary.path, name), { recursive: true });
    }
    unlinkSync(join(temporary.path, 'missing', WEIGHTS));
    truncateSync(join(temporary.path, 'short', WEIGHTS), 1000);
    cpSync(LAYERS, join(temporary.path, 'layers'), { recursive: true });
    unlinkSync(join(temporary.path, 'layers', WEIGHTS));
    place('w.yaml', WORKLOAD);
    place('m.onnx', ONNX);
  });

  function place(name: string, content: string | Uint8Array): string {
    writeFileSync(join(temporary.path, name), content);
    return name;
  }

  function map(...args: string[]): ReturnType<typeof dynconv> {
    return dynconv(temporary.path, 'map', ...args, '--hardware', ONE_ARRAY, '--lpf-limit', '3');
  }

  function expectRefusal(message: string | RegExp, ...args: string[]): void {
    const { code, stdout, stderr } = map(...args);
    expect(stderr).to.match(/^dynconv: .*\n$/);
    if (typeof message === 'string') expect(stderr).to.include(message);
    else expect(stderr).to.match(message);
    expect(stdout).to.equal('');
    expect(code).to.equal(2);
  }

  it('is refused for weights that are missing or cut off, where shapes are computed of them', () => {
    expectRefusal(/The weights file missing\S+bin, named in model.json, cannot be read/, 'missing');
    expectRefusal('The weights files in short hold 1000 bytes, but model.json describes', 'short');
    const { stderr } = dynconv(temporary.path, 'simulate', 'short', '--hardware', ONE_ARRAY);
    expect(stderr).to.include('hold 1000 bytes');
    expect(map('layers').code).to.equal(0);
  });

  it('is refused for masks that no layer waits for', () => {
    for (const value of [0.5, { executed: 0.5 }]) {
      const masks = { Layer0: value };
      place('d.json', JSON.stringify({ format: 'dynconv-densities', masks }));
      expectRefusal('d.json:1: masks.Layer0: no layer waits', 'w.yaml', '--densities', 'd.json');
    }
  });

  it('is refused for a dimension that the array lacks', () => {
    place('d5.yaml', '- name: default\n  spatial_mapping:\n    D5: ["K, 32"]\n');
    expectRefusal(/^dynconv: d5\.yaml:3: .*\(D1, D2\), found D5/, 'w.yaml', '--mapping', 'd5.yaml');
  });

  it('is warned of for a loop that no layer has', () => {
    place('q.yaml', '- name: default\n  spatial_mapping:\n    D1: ["K, 32"]\n    D2: ["Q, 2"]\n');
    const { code, stderr } = map('w.yaml', '--mapping', 'q.yaml');
    expect(stderr).to.match(
      /^dynconv: q\.yaml:4: default: expected a loop .*\), found Q: it has no effect\n$/,
    );
    expect(code).to.equal(0);
  });

  it('is refused for an input whose shape is open, and says how to give it', () => {
    const open = (name: string, model: string, change: (text: string) => string): void => {
      cpSync(model, join(temporary.path, name), { recursive: true });
      const file = join(temporary.path, name, 'model.json');
      writeFileSync(file, change(readFileSync(file, 'utf8')));
    };
    const HOW =
      'is open, and layers need its shape: give it with --input-shape, as image=1,256,256,3.';
    open('open-graph', GRAPH, (text) =>
      text.replace(/"64"(?=\W+"size": *"64"\W+"size": *"3")/g, '"-1"'),
    );
    expectRefusal(`image: the input [1,-1,64,3] ${HOW}`, 'open-graph');
    open('open-layers', LAYERS, (text) =>
      text.replace(/\[null, *64, *64, *3\]/g, '[null, null, null, 3]'),
    );
    expectRefusal(`image: the input [1,-1,-1,3] ${HOW}`, 'open-layers');
    expect(map('open-layers', '--input-shape', 'image=1,64,64,3').code).to.equal(0);
  });

  it('is refused for the shape of an input that there is not', () => {
    const input = JSON.stringify(JSON.parse(readFileSync(join(MODEL, 'model.json'), 'utf8')));
    const name = /"name":"([^"]+)","op":"Placeholder"/.exec(input)?.[1] ?? '';
    const shape = ['--input-shape', 'nosuch=1,64,64,3'];
    expectRefusal(`has no input nosuch: --input-shape takes ${name}.`, MODEL, ...shape);
    for (const file of ['w.yaml', 'm.onnx']) {
      expectRefusal(`${file} tells all shapes itself: leave out --input-shape`, file, ...shape);
    }
    expect(map(MODEL, '--input-shape', `${name}=1,64,64,3`).code).to.equal(0);
  });
});
