import { assert } from 'chai';
import fc from 'fast-check';
import {
  FREE,
  searchLayer,
  type Accelerator,
  type SearchResult,
} from '../../../src/mapping/index.js';
import { accelerators, layers } from './arbitraries.js';
import { accelerator, matrixProduct, memory, port } from '../examples.js';

const OPTIONS = { objective: 'latency', lpfLimit: 4 } as const;

function resized(hardware: Accelerator, name: string, size: number): Accelerator {
  const memories = hardware.memories.map((each) => (each.name === name ? { ...each, size } : each));
  return { ...hardware, memories };
}

describe('a layer that fits nowhere', () => {
  it('fits where its outermost memory is as large as is asked for, and not where it is smaller', () => {
    let asked = 0;
    fc.assert(
      fc.property(layers, accelerators, fc.boolean(), (layer, hardware, doubled) => {
        const [outer] = hardware.memories.slice(-1);
        const memories = [
          ...hardware.memories.slice(0, -1),
          { ...outer, forceDoubleBuffering: doubled },
        ];
        const search = (size: number): SearchResult =>
          searchLayer(layer, resized({ ...hardware, memories }, outer.name, size), FREE, OPTIONS);
        const { infeasible } = search(200);
        if (infeasible?.memory !== outer.name) return;
        asked++;
        assert.isAbove(infeasible.needed, infeasible.available);
        const { mappings, infeasible: other } = search(infeasible.needed);
        if (mappings.length === 0) assert.notEqual(other?.memory, outer.name);
        assert.isEmpty(search(infeasible.needed - 1).mappings);
      }),
      { numRuns: 200 },
    );
    assert.isAbove(asked, 20);
  });

  it('is told the sum of all operands where one alone is too large', () => {
    const accesses = ['I1 tl', 'I1 fh', 'I2 tl', 'I2 fh', 'O tl', 'O fl', 'O th', 'O fh'];
    const tiny = memory('tiny', 10, ['I1', 'I2', 'O'], ['D1'], port('read_write', 64, ...accesses));
    const { infeasible } = searchLayer(
      matrixProduct(2, 3, 4),
      accelerator({ D1: 1 }, [tiny]),
      FREE,
      OPTIONS,
    );
    // 8 inputs and 12 weights of 8 bits, and 6 sums of 16.
    const needed = 20 * 8 + 6 * 16;
    assert.deepEqual(infeasible, { memory: 'tiny', needed, available: 10 });
  });
});
