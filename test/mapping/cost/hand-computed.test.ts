import { assert } from 'chai';
import {
  FREE,
  searchLayer,
  type Accelerator,
  type LayerMapping,
} from '../../../src/mapping/index.js';
import { accelerator, matrixProduct, memory, port } from '../examples.js';

/** Maps the product of 2x4 and 4x3 with its loops in the order C, K, D from the innermost. */
function map(hardware: Accelerator): LayerMapping {
  const [inner, middle, outer] = [
    { dim: 'C', size: 4 },
    { dim: 'K', size: 3 },
    { dim: 'D', size: 2 },
  ];
  const rule = { ...FREE, ordering: { inner: [inner, middle, outer], outer: [] } };
  const { mappings, evaluated } = searchLayer(matrixProduct(2, 3, 4), hardware, rule, {
    objective: 'latency',
  });
  assert.equal(evaluated, 1);
  return mappings[0];
}

const READ = port('read', 8, 'I1 tl', 'I2 tl', 'O tl', 'O th');
const WRITE = port('write', 8, 'I1 fh', 'I2 fh', 'O fh', 'O fl');

describe('a cost computed by hand: 24 multiply-accumulates on one PE', () => {
  it('with one memory', () => {
    const sram = memory('sram', 4096, ['I1', 'I2', 'O'], ['D1'], READ, WRITE);
    const cost = map(accelerator({ D1: 1 }, [sram]));
    // Each multiply-accumulate reads two inputs of a word, and reads and writes a sum of two words.
    assert.equal(cost.macEnergy, 24);
    assert.equal(cost.energy, 24 + 2 * 24 * 2 + 48 * 2 + 48 * 3);
    // The read port needs 4 cycles for each; the last transfer is none to wait for.
    assert.equal(cost.cycles.computation, 24);
    assert.equal(cost.cycles.temporalStall, 4 * 23 - 24);
    assert.equal(cost.latency, 92);
    assert.equal(cost.utilization, 24 / 92);
  });

  it('with a register for the sum below it', () => {
    const register = memory(
      'register',
      16,
      ['O'],
      [],
      port('read', 16, 'O tl', 'O th'),
      port('write', 16, 'O fl', 'O fh'),
    );
    const sram = memory('sram', 4096, ['I1', 'I2', 'O'], ['D1'], READ, WRITE);
    const cost = map(accelerator({ D1: 1 }, [register, sram]));
    // The register takes 24 sums and gives them back; 6 results of 8 bits leave it.
    const words = Object.fromEntries(
      cost.memories.map(({ memory: name, operand, words: w }) => [`${name} ${operand}`, w]),
    );
    assert.deepEqual(words['register O'], { tl: 24, fl: 24, th: 6, fh: 0 });
    assert.deepEqual(words['sram O'], { tl: 0, fl: 6, th: 0, fh: 0 });
    assert.deepEqual(words['sram I'], { tl: 24, fl: 0, th: 0, fh: 0 });
    assert.equal(cost.energy, 24 + 2 * 24 * 2 + (24 + 6) * 2 + 24 * 3 + 6 * 3);
    // The read port needs two cycles for each; the last result leaves in one.
    assert.equal(cost.cycles.temporalStall, 2 * 23 - 24);
    assert.equal(cost.cycles.offloading, 1);
    assert.equal(cost.latency, 2 * 23 + 1);
    assert.deepEqual(
      cost.temporalMapping.O.map(({ memory: name, loops }) => [name, loops.map(({ dim }) => dim)]),
      [
        ['register', ['C']],
        ['sram', ['K', 'D']],
      ],
    );
  });

  it('with registers for an input that is loaded while others compute', () => {
    const weights = memory(
      'weights',
      96,
      ['I2'],
      [],
      port('read', 8, 'I2 tl'),
      port('write', 8, 'I2 fh'),
    );
    const wide = (type: 'read' | 'write', ...rest: string[]) => port(type, 64, ...rest);
    const sram = memory(
      'sram',
      4096,
      ['I1', 'I2', 'O'],
      ['D1'],
      wide('read', 'I1 tl', 'O tl', 'O th'),
      wide('read', 'I2 tl'),
      wide('write', 'I1 fh', 'I2 fh', 'O fh', 'O fl'),
    );
    const cost = map(accelerator({ D1: 1 }, [weights, sram]));
    const ofWeights = cost.memories.filter(({ operand }) => operand === 'W');
    // All 12 weights are written once, and read in each of the 24 cycles.
    assert.deepEqual(
      ofWeights.map(({ memory: name, words, bits }) => [name, words.tl, words.fh, bits]),
      [
        ['weights', 24, 12, 96],
        ['sram', 2, 0, 96],
      ],
    );
    // The register's port takes 12 cycles for them before the first computation.
    assert.equal(cost.cycles.onloading, 12);
  });

  it('on two PEs of a systolic array', () => {
    const reads = port('read', 32, 'I1 tl', 'I2 tl', 'O tl');
    const sram = memory('sram', 4096, ['I1', 'I2', 'O'], ['D1'], reads, port('write', 32, 'O fl'));
    const rule = {
      ...FREE,
      spatialMapping: [{ dimension: 'D1', unrollings: [{ dim: 'K', factor: 2 }] }],
    };
    const hardware = accelerator({ D1: 2 }, [sram], ['D1']);
    const [cost] = searchLayer(matrixProduct(2, 3, 4), hardware, rule, {
      objective: 'latency',
    }).mappings;
    // Three columns on two PEs take two rounds, of 1.5 columns on average.
    assert.equal(cost.cycles.ideal, 12);
    assert.equal(cost.cycles.computation, 2 * 2 * 4);
    assert.equal(cost.cycles.spatialStall, 4);
    assert.equal(cost.cycles.draining, 1);
  });

  it('of which all parts add up', () => {
    const sram = memory('sram', 4096, ['I1', 'I2', 'O'], ['D1'], READ, WRITE);
    const cost = map(accelerator({ D1: 1 }, [sram]));
    const { computation, temporalStall, onloading, offloading, draining } = cost.cycles;
    assert.equal(cost.latency, computation + temporalStall + onloading + offloading + draining);
    const memories = cost.memories.reduce((sum, { energy }) => sum + energy, 0);
    assert.equal(cost.energy, cost.macEnergy + memories);
  });
});

describe('a layer that does not fit', () => {
  it('is told with what it needs and what there is', () => {
    const tiny = memory('tiny', 100, ['I1', 'I2', 'O'], ['D1'], READ, WRITE);
    const result = searchLayer(matrixProduct(2, 3, 4), accelerator({ D1: 1 }, [tiny]), FREE, {
      objective: 'energy',
    });
    assert.isEmpty(result.mappings);
    // 8 inputs and 12 weights of 8 bits, and 6 sums of 16.
    const needed = 20 * 8 + 6 * 16;
    assert.deepEqual(result.infeasible, { memory: 'tiny', needed, available: 100 });
  });
});
