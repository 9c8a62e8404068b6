import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { readMapping } from '../../src/mapping/mapping/mapping-file.js';
import { readHardware } from '../../src/mapping/hardware/platform-file.js';
import { parseDensities } from '../../src/mapping/dynamic/densities.js';
import { InputError } from '../../src/mapping/problem.js';
import { parseOnnxWorkload } from '../../src/mapping/workload/onnx/onnx-workload.js';
import { parseTfjsNetwork } from '../../src/mapping/workload/tfjs/tfjs-network.js';
import { parseZigzagWorkload } from '../../src/mapping/workload/zigzag-workload.js';
import { onnxBytes } from '../mapping/workload/onnx-bytes.js';

/** `npm run fuzz` asks for more. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 300);
const FIXTURE = 'models/fixtures/mobilenetv2-hourglass';

const WORKLOAD = `- id: 0
  operator_type: Conv
  equation: O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]
  dimension_relations: [ix=2*ox+1*fx, iy=2*oy+1*fy]
  loop_dims: [B, K, C, OY, OX, FY, FX]
  loop_sizes: [1, 64, 3, 112, 112, 7, 7]
  operand_precision: { W: 8, I: 8, O: 16, O_final: 8 }
  operand_source: { I: 0, W: 0 }
  pr_loop_dims: [IX, IY]
  padding: [[3, 2], [3, 2]]
- id: 1
  operator_type: Add
  equation: O[b][g][oy][ox]=W[b][g][oy][ox]+I[b][g][oy][ox]
  loop_dims: [B, G, OY, OX]
  loop_sizes: [1, 64, 56, 56]
  operand_precision: { W: 8, I: 8, O: 16, O_final: 8 }
  operand_source: { W: 0, I: 0 }
`;

const DENSITIES = `{"format": "dynconv-densities",
 "layers": {"Layer0": 0.25},
 "masks": {"Layer1": {"rows": 2, "columns": 3, "pixels": ["010", "110"]}, "Layer0": {"executed": 0.5}}}
`;

const MODEL = onnxBytes(
  [
    {
      op: 'Conv',
      inputs: ['x', 'w'],
      output: 'y',
      attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
    },
    { op: 'Gemm', inputs: ['y', 'v'], output: 'z', attributes: { transB: 1 } },
  ],
  { x: [1, 3, 8, 8], y: [1, 4, 8, 8], z: [1, 4, 8, 9] },
  { w: [4, 3, 3, 3], v: [9, 8] },
);

/** A file of the project: specs run in its root. */
const file = (name: string): string => readFileSync(name, 'utf8');
const weights = readFileSync(`${FIXTURE}/graph/group1-shard1of1.bin`);

/** Readers of text, each with a file that it reads. */
const READERS: Record<string, { text: string; read: (name: string, text: string) => unknown }> = {
  'an accelerator': {
    text: file('hardware/one-array.yaml'),
    read: (name, text) => readHardware(name, text, () => undefined),
  },
  'a platform': {
    text: file('hardware/two-arrays.yaml'),
    read: (name, text) => readHardware(name, text, () => file('hardware/cores/main-array.yaml')),
  },
  'a mapping': { text: file('hardware/two-arrays.mapping.yaml'), read: readMapping },
  'a workload': { text: WORKLOAD, read: parseZigzagWorkload },
  'a graph model': {
    text: file(`${FIXTURE}/graph/model.json`),
    read: (name, text) => parseTfjsNetwork(name, text, { weights }),
  },
  'a layers model': {
    text: JSON.stringify(JSON.parse(file(`${FIXTURE}/layers/model.json`)), null, 1),
    read: (name, text) => parseTfjsNetwork(name, text),
  },
  densities: {
    text: DENSITIES,
    read: (name, text) => {
      const { layers } = parseZigzagWorkload('w.yaml', WORKLOAD);
      return parseDensities(name, text, layers);
    },
  },
};

/** Marsaglia's xorshift: the same damage on every machine. */
function generator(seed: number): (below: number) => number {
  let state = seed * 2654435761 + 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const NUISANCES = [
  '-1',
  '0',
  '1e999',
  '9007199254740993',
  '99999999999999999999',
  'NaN',
  'null',
  '""',
  '[]',
  '{}',
  '*a',
  '&a [*a, *a]',
  '!!binary x',
  '__proto__',
  '\u0000',
  '\t',
  ': ',
  '- ',
  '[[[[',
  '"',
  '\n\n',
];

/** Text with one to three damages: something cut out, repeated, put in, or replaced. */
function damageText(text: string, random: (below: number) => number): string {
  let result = text;
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(result.length + 1);
    const nuisance = NUISANCES[random(NUISANCES.length)];
    switch (random(7)) {
      case 0:
        result = result.slice(0, at);
        break;
      case 1:
        result = result.slice(0, at) + result.slice(at + 1 + random(40));
        break;
      case 2:
        result = result.slice(0, at) + nuisance + result.slice(at);
        break;
      case 3:
        result = result.slice(0, at) + String.fromCharCode(random(256)) + result.slice(at + 1);
        break;
      case 4: {
        const lines = result.split('\n');
        lines.splice(random(lines.length), 1 + random(3));
        result = lines.join('\n');
        break;
      }
      case 5: {
        const numbers = [...result.matchAll(/-?\d+(\.\d+)?/g)];
        const number = numbers[random(Math.max(1, numbers.length))] as RegExpMatchArray | undefined;
        if (!number) break;
        const end = number.index! + number[0].length;
        result = result.slice(0, number.index) + nuisance + result.slice(end);
        break;
      }
      default:
        result = result.slice(0, at) + nuisance.repeat(1 + random(300)) + result.slice(at);
    }
  }
  return result;
}

function damageBytes(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const result = bytes.slice(0, random(3) === 0 ? random(bytes.length) : bytes.length);
  for (let times = 1 + random(4); times > 0 && result.length > 0; times--) {
    result[random(result.length)] = random(256);
  }
  return result;
}

/** What comes of reading: nothing to complain of, or problems, each with its place. */
function check(read: () => unknown, place: RegExp): 'read' | 'refused' {
  try {
    read();
    return 'read';
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    for (const line of error.message.split('\n').slice(0, 1)) expect(line).to.match(place);
    return 'refused';
  }
}

describe('damaged files', () => {
  const each = Math.ceil(RUNS / (Object.keys(READERS).length + 1));

  for (const [kind, { text, read }] of Object.entries(READERS)) {
    it(`that were ${kind} are refused by line, if they are refused`, () => {
      expect(check(() => read('whole', text), /^/)).to.equal(
        kind === 'densities' ? 'refused' : 'read',
      );
      let refused = 0;
      for (let run = 0; run < each; run++) {
        const damaged = damageText(text, generator(run + 1));
        if (check(() => read('damaged', damaged), /^[^\n]+:\d+: ./) === 'refused') refused++;
      }
      expect(refused).to.be.greaterThan(each / 5);
    }).timeout(600_000);
  }

  it('that were ONNX models are refused by byte or node, if they are refused', () => {
    expect(check(() => parseOnnxWorkload('whole', MODEL), /^/)).to.equal('read');
    let refused = 0;
    for (let run = 0; run < each; run++) {
      const damaged = damageBytes(MODEL, generator(run + 1));
      const outcome = check(
        () => parseOnnxWorkload('damaged', damaged),
        /^damaged: (byte \d+|node .+ \(.*\)|expected a model with)/,
      );
      if (outcome === 'refused') refused++;
    }
    expect(refused).to.be.greaterThan(each / 5);
  }).timeout(600_000);

  it('nested a hundred thousand deep are refused', () => {
    for (const deep of ['['.repeat(100_000), '{a: '.repeat(100_000), '- '.repeat(100_000)]) {
      for (const { read } of Object.values(READERS)) {
        expect(check(() => read('deep', deep), /^deep:\d+: ./)).to.equal('refused');
      }
    }
  }).timeout(600_000);
});
