import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { setUnrollingTable } from '../../src/arrays/routing.js';
import { onnxBytes } from '../mapping/workload/onnx-bytes.js';
import { dynconv, projectPath, type CommandResult } from './command.js';
import { useTemporaryFolder } from './temporary-folder.js';

const MODEL = projectPath('models/fixtures/mobilenetv2-hourglass/graph');
const ONE_ARRAY = projectPath('hardware/one-array.yaml');
const TWO_ARRAYS = projectPath('hardware/two-arrays.yaml');
const CPU = projectPath('hardware/cpu-wasm-simd.yaml');

/** Two layers in ZigZag's format, the second of which reads the first. */
const WORKLOAD = `- id: 0
  name: first
  operator_type: Conv
  equation: O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]
  dimension_relations: [ix=1*ox+1*fx, iy=1*oy+1*fy]
  loop_dims: [B, K, C, OY, OX, FY, FX]
  loop_sizes: [1, 32, 16, 8, 8, 3, 3]
  operand_precision: { W: 8, I: 8, O: 16, O_final: 8 }
  operand_source: { I: 0, W: 0 }
- id: 1
  name: second
  operator_type: Conv
  equation: O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]
  dimension_relations: [ix=1*ox+1*fx, iy=1*oy+1*fy]
  loop_dims: [B, K, C, OY, OX, FY, FX]
  loop_sizes: [1, 16, 32, 6, 6, 1, 1]
  operand_precision: { W: 8, I: 8, O: 16, O_final: 8 }
  operand_source: { I: 0, W: 1 }
`;

/** The document of --json, as far as it is looked at here. */
interface Document {
  layers: {
    name: string;
    latency: number;
    energy: number;
    utilization: number;
    spatialMapping: { dimension: string; unrollings: { dim: string; factor: number }[] }[];
    temporalMapping: Record<string, { memory: string; loops: { dim: string; size: number }[] }[]>;
    cycles: Record<string, number>;
  }[];
  latency: number;
  energy: number;
  why?: { layer: string; mappings: { latency: number; differences: { of: string }[] }[] };
}

describe('dynconv map', function () {
  this.timeout(60_000);
  const temporary = useTemporaryFolder();

  function place(name: string, content: string | Uint8Array): string {
    writeFileSync(join(temporary.path, name), content);
    return name;
  }

  function map(...args: string[]): CommandResult {
    return dynconv(temporary.path, 'map', ...args);
  }

  function document(...args: string[]): Document {
    const { code, stdout, stderr } = map(...args, '--json');
    expect(stderr).to.equal('');
    expect(code).to.equal(0);
    return JSON.parse(stdout) as Document;
  }

  it('prints one document: layers in their order, and totals with loading and off-loading', () => {
    const { layers, latency, energy } = document(
      place('w.yaml', WORKLOAD),
      '--hardware',
      ONE_ARRAY,
    );
    expect(layers.map(({ name }) => name)).to.deep.equal(['first', 'second']);
    const sum = (of: 'latency' | 'energy'): number =>
      layers.reduce((total, layer) => total + layer[of], 0);
    expect(latency).to.equal(sum('latency'));
    expect(energy).to.be.closeTo(sum('energy'), 1e-6 * energy);
    for (const layer of layers) {
      const { computation, temporalStall, onloading, offloading, draining } = layer.cycles;
      expect(layer.latency).to.equal(
        computation + temporalStall + onloading + offloading + draining,
      );
      expect(layer.utilization).to.be.within(0.01, 1);
      // Every iteration is either side by side or one after the other.
      const spatial = layer.spatialMapping.flatMap(({ unrollings }) => unrollings);
      const temporal = layer.temporalMapping.O.flatMap(({ loops }) => loops);
      for (const [dim, size] of [
        ['K', layer.name === 'first' ? 32 : 16],
        ['C', layer.name === 'first' ? 16 : 32],
      ] as const) {
        const factors = [
          ...spatial.filter((u) => u.dim === dim).map(({ factor }) => factor),
          ...temporal.filter((loop) => loop.dim === dim).map((loop) => loop.size),
        ];
        expect(factors.reduce((a, b) => a * b, 1)).to.be.at.least(size);
      }
    }
  });

  it('finds the same on several threads, and for each objective nothing worse than for others', () => {
    const workload = place('w.yaml', WORKLOAD);
    const found = (objective: string, threads: string): Document =>
      document(
        ...[workload, '--hardware', ONE_ARRAY, '--objective', objective, '--threads', threads],
      );
    const latency = found('latency', '1');
    const energy = found('energy', '1');
    expect(found('latency', '3')).to.deep.equal(latency);
    expect(latency.latency).to.be.at.most(energy.latency);
    expect(energy.energy).to.be.at.most(latency.energy);
  });

  it('reads ONNX and converted models', () => {
    const onnx = onnxBytes(
      [{ op: 'Conv', inputs: ['x', 'w'], output: 'y', attributes: { kernel_shape: [3, 3] } }],
      { x: [1, 3, 8, 8], y: [1, 4, 6, 6] },
      { w: [4, 3, 3, 3] },
    );
    expect(document(place('m.onnx', onnx), '--hardware', ONE_ARRAY).layers).to.have.length(1);
    const folder = document(MODEL, '--hardware', TWO_ARRAYS);
    const file = document(join(MODEL, 'model.json'), '--hardware', TWO_ARRAYS);
    expect(folder.layers).to.have.length.greaterThan(50);
    expect(file).to.deep.equal(folder);
  });

  it('prints a table, with nothing on stderr unless asked for', () => {
    const workload = place('w.yaml', WORKLOAD);
    const run = map(workload, '--hardware', ONE_ARRAY);
    expect(run.stdout).to.match(/^layer +type +latency +energy +utilization +unrolling\n/);
    expect(run.stdout.trimEnd().split('\n')).to.have.length(2 + 2 + 1);
    expect(run.stderr).to.equal('');
    expect(map(workload, '--hardware', ONE_ARRAY, '--progress').stderr).to.include(
      'mapping 2 layers: 2/2\n',
    );
  });

  it('explains a layer: the winner, the runners-up, and what each lost', () => {
    const workload = place('w.yaml', WORKLOAD);
    const { stdout, code } = map(workload, '--hardware', ONE_ARRAY, '--why', 'first');
    expect(code).to.equal(0);
    expect(stdout).to.match(/^first \(Conv\)\nrank +latency/);
    expect(stdout).to.match(/\n1: D1: K 32/);
    expect(stdout).to.match(/\n2: .*\n( {3}[WIO]: .*\n){3} {3}against the best: (latency|energy) /);
    const { why, layers } = document(workload, '--hardware', ONE_ARRAY, '--why', 'first');
    expect(why?.layer).to.equal('first');
    expect(why?.mappings).to.have.length(5);
    expect(why?.mappings[0].latency).to.equal(layers[0].latency);
    expect(why?.mappings[0].differences).to.deep.equal([]);
    for (const other of why?.mappings.slice(1) ?? []) expect(other.differences).not.to.be.empty;
  });

  it('writes an unrolling table that the library takes', () => {
    const run = map(MODEL, '--hardware', CPU, '--table', 'table.json');
    expect(run.code).to.equal(0);
    const table = JSON.parse(readFileSync(join(temporary.path, 'table.json'), 'utf8')) as {
      entries: { kernel: string }[];
    };
    expect(table.entries.map(({ kernel }) => kernel)).to.include.members([
      'f32_igemm_6x8',
      'f32_igemm_4x1',
      'f32_dwconv_8x4',
    ]);
    setUnrollingTable(table);
    setUnrollingTable(null);
  });

  it('tells of a layer that does not fit what it needs', () => {
    const tiny = readFileSync(ONE_ARRAY, 'utf8').replace('size: 134217728', 'size: 4096');
    const args = [place('w.yaml', WORKLOAD), '--hardware', place('tiny.yaml', tiny)];
    const { code, stdout } = map(...args);
    expect(code).to.equal(2);
    expect(stdout).to.match(/does not fit: sram would need \d+ bits and has 4096/);
    expect(stdout).to.match(/\nall +- +-\n$/);
    expect(map(...args, '--why', 'first').code).to.equal(2);
    const json = map(...args, '--json');
    expect(json.code).to.equal(2);
    const { layers, latency } = JSON.parse(json.stdout) as {
      layers: { latency: unknown; infeasible: { memory: string; available: number } }[];
      latency: unknown;
    };
    expect(latency).to.equal(null);
    expect(layers[0].latency).to.equal(null);
    expect(layers[0].infeasible).to.include({ memory: 'sram', available: 4096 });
  });

  const bad: [what: string, args: () => string[], message: RegExp][] = [
    [
      'a workload with a wrong size',
      () => [
        place('bad.yaml', WORKLOAD.replace('[1, 32, 16', '[1, 32, -4')),
        '--hardware',
        ONE_ARRAY,
      ],
      /^dynconv: bad\.yaml:7: .*expected.*-4/,
    ],
    [
      'hardware without a memory for an operand',
      () => {
        const text = readFileSync(ONE_ARRAY, 'utf8').replaceAll('I1, ', '');
        return [place('w.yaml', WORKLOAD), '--hardware', place('bad.yaml', text)];
      },
      /^dynconv: bad\.yaml:\d+: /,
    ],
    [
      'a mapping with an unknown field',
      () => [
        ...[place('w.yaml', WORKLOAD), '--hardware', ONE_ARRAY],
        ...['--mapping', place('bad.yaml', '- name: default\n  unrolling: none\n')],
      ],
      /^dynconv: bad\.yaml:\d: .*unrolling/,
    ],
    [
      'densities of a layer that there is not',
      () => [
        ...[place('w.yaml', WORKLOAD), '--hardware', ONE_ARRAY, '--densities'],
        place('bad.json', '{"format": "dynconv-densities",\n "layers": {"third": 0.5}}'),
      ],
      /^dynconv: bad\.json:2: layers: the network has no layer third/,
    ],
    [
      'an ONNX model that is cut off',
      () => [place('bad.onnx', new Uint8Array([10, 200, 1])), '--hardware', ONE_ARRAY],
      /^dynconv: bad\.onnx: byte \d+/,
    ],
    [
      'a file that is not there',
      () => ['none.yaml', '--hardware', ONE_ARRAY],
      /^dynconv: none\.yaml cannot be read \(ENOENT\)/,
    ],
    [
      'a workload of another kind',
      () => [place('w.txt', WORKLOAD), '--hardware', ONE_ARRAY],
      /^dynconv: w\.txt: expected a workload as \.yaml, \.onnx/,
    ],
    [
      'a layer to explain that there is not',
      () => [place('w.yaml', WORKLOAD), '--hardware', ONE_ARRAY, '--why', 'third'],
      /^dynconv: No layer has the name third/,
    ],
    [
      'a table of hardware without microkernels',
      () => [place('w.yaml', WORKLOAD), '--hardware', ONE_ARRAY, '--table', 't.json'],
      /^dynconv: --table: one_array has no microkernels/,
    ],
    [
      'a folder without a model',
      () => ['.', '--hardware', ONE_ARRAY],
      /^dynconv: \. holds no model\.json, .*: give a folder that tensorflowjs_converter wrote\.\n$/,
    ],
    [
      'a limit that nobody waits for',
      () => [place('w.yaml', WORKLOAD), '--hardware', ONE_ARRAY, '--lpf-limit', '40'],
      /'40' is invalid. a number up to 12 is needed/,
    ],
  ];
  for (const [what, args, message] of bad) {
    it(`exits with 2, and no stack trace: ${what}`, () => {
      const { code, stdout, stderr } = map(...args());
      expect(stderr)
        .to.match(message)
        .and.not.to.match(/\n\s+at /);
      expect(stdout).to.equal('');
      expect(code).to.equal(2);
    });
  }
});
