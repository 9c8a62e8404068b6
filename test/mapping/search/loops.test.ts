import { assert } from 'chai';
import fc from 'fast-check';
import { LoopOrder } from '../../../src/mapping/mapping/loop-order.js';
import { divisors, loopPrimeFactors, primeFactors } from '../../../src/mapping/search/factors.js';
import { splitTemporalLoops } from '../../../src/mapping/search/temporal-loops.js';
import { makeNest } from '../../../src/mapping/cost/nest.js';
import { accelerator, matrixProduct, memory, port } from '../examples.js';
import { visitOrders } from '../../../src/mapping/search/loop-orders.js';
import type { Loop } from '../../../src/mapping/index.js';

const FREE_ORDER = { inner: [], outer: [] };

/** All orders of some loops, as text: `K2 C3`. */
function orders(loops: Loop[], ordering: Parameters<typeof visitOrders>[3] = FREE_ORDER): string[] {
  const dims = [...new Set(loops.map(({ dim }) => dim))];
  const order = new LoopOrder();
  const found: string[] = [];
  visitOrders(order, loops, (dim) => dims.indexOf(dim), ordering, {
    visit() {
      const places = Array.from({ length: order.length }, (_, i) => i);
      found.push(places.map((i) => `${dims[order.loop[i]]}${order.size[i]}`).join(' '));
    },
  });
  return found;
}

describe('the loops of a search', () => {
  it('are split into prime factors', () => {
    assert.deepEqual(primeFactors(360), [2, 2, 2, 3, 3, 5]);
    assert.deepEqual(primeFactors(97), [97]);
    assert.deepEqual(divisors(12), [1, 2, 3, 4, 6, 12]);
  });

  it('are joined again, the smallest of the loop that has the most', () => {
    const loops = [
      { dim: 'K', size: 16 },
      { dim: 'C', size: 12 },
    ];
    assert.deepEqual(loopPrimeFactors(loops, 5, 'K'), [
      { dim: 'K', size: 4 },
      { dim: 'K', size: 4 },
      { dim: 'C', size: 2 },
      { dim: 'C', size: 2 },
      { dim: 'C', size: 3 },
    ]);
    assert.deepEqual(loopPrimeFactors(loops, 1, 'K'), loops);
    assert.deepEqual(loopPrimeFactors([], 6, 'K'), [{ dim: 'K', size: 1 }]);
  });

  it('keep their iterations, whatever the limit', () => {
    const sizes = fc.array(fc.integer({ min: 2, max: 500 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 9 }), (iterations, limit) => {
        const loops = iterations.map((size, i) => ({ dim: `D${i}`, size }));
        const split = loopPrimeFactors(loops, limit, 'D0');
        for (const { dim, size } of loops) {
          const own = split.filter((loop) => loop.dim === dim);
          assert.equal(
            own.reduce((product, loop) => product * loop.size, 1),
            size,
          );
        }
        const primes = iterations.reduce((sum, size) => sum + primeFactors(size).length, 0);
        assert.equal(split.length, Math.min(primes, Math.max(limit, loops.length)));
      }),
    );
  });

  it('come in every different order once', () => {
    const two = [
      { dim: 'K', size: 2 },
      { dim: 'K', size: 2 },
      { dim: 'C', size: 2 },
      { dim: 'C', size: 3 },
    ];
    const found = orders(two);
    assert.lengthOf(found, 12);
    assert.lengthOf([...new Set(found)], 12);
  });

  it('stand where a mapping file wants them', () => {
    const loops = ['K', 'C', 'X', 'Y'].map((dim) => ({ dim, size: 2 }));
    assert.deepEqual(orders(loops, { inner: [{ dim: 'C', size: 2 }], outer: [{ dim: 'K' }] }), [
      'C2 X2 Y2 K2',
      'C2 Y2 X2 K2',
    ]);
  });

  it('are kept whole where a mapping file says how large they are', () => {
    const sram = memory(
      'sram',
      1e6,
      ['I1', 'I2', 'O'],
      ['D1'],
      port('read_write', 64, 'I1 tl', 'I2 tl', 'O tl', 'O fl'),
    );
    const nest = makeNest(
      matrixProduct(4, 12, 1),
      accelerator({ D1: 1 }, [sram]),
      { I: 'I1', W: 'I2', O: 'O' },
      [],
    );
    const ordering = {
      inner: [{ dim: 'K', size: 6 }, { dim: 'OX' }, { dim: 'D', size: 3 }],
      outer: [{ dim: 'D' }, { dim: 'K' }, { dim: 'K' }],
    };
    assert.deepEqual(splitTemporalLoops(nest, ordering, 6), {
      loops: [
        { dim: 'D', size: 2 },
        { dim: 'D', size: 2 },
        { dim: 'K', size: 2 },
        { dim: 'K', size: 6 },
      ],
      ordering: { inner: [{ dim: 'K', size: 6 }], outer: [{ dim: 'D' }, { dim: 'K' }] },
    });
  });
});
