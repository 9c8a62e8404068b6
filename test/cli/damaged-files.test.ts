import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { readMapping } from '../../src/mapping/mapping/mapping-file.js';
import { readHardware } from '../../src/mapping/hardware/platform-file.js';
import { parseDensities } from '../../src/mapping/dynamic/densities.js';
import { InputError } from '../../src/mapping/problem.js';
import { parseOnnxWorkload } from '../../src/mapping/workload/onnx/onnx-workload.js';
import { networkOf } from '../../src/mapping/workload/network.js';
import { parseTfjsNetwork } from '../../src/mapping/workload/tfjs/tfjs-network.js';
import { parseZigzagWorkload } from '../../src/mapping/workload/zigzag-workload.js';
import { Random } from '../fuzz/random.js';
import { DENSITIES, MODEL, WORKLOAD } from '../fuzz/samples.js';
import { damageBytes, damageText } from '../fuzz/text.js';

/** The fuzz stage damages more, and maps what is still read. */
const RUNS = 300;
const FIXTURE = 'models/fixtures/mobilenetv2-hourglass';

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
      return parseDensities(name, text, networkOf(parseZigzagWorkload('w.yaml', WORKLOAD)));
    },
  },
};

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
        const damaged = damageText(text, new Random(run + 1));
        if (check(() => read('damaged', damaged), /^[^\n]+:\d+: ./) === 'refused') refused++;
      }
      expect(refused).to.be.greaterThan(each / 5);
    }).timeout(600_000);
  }

  it('that were ONNX models are refused by byte or node, if they are refused', () => {
    expect(check(() => parseOnnxWorkload('whole', MODEL), /^/)).to.equal('read');
    let refused = 0;
    for (let run = 0; run < each; run++) {
      const damaged = damageBytes(MODEL, new Random(run + 1));
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
