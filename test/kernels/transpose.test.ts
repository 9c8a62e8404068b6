import { assert } from 'chai';
import fc from 'fast-check';
import { anySeed } from './operands.js';
import { random, uniform } from './random.js';
import { describeKernels } from './sandbox.js';

const anyCase = fc.record({
  count: fc.integer({ min: 1, max: 3 }),
  rows: fc.integer({ min: 1, max: 18 }),
  columns: fc.integer({ min: 1, max: 18 }),
  seed: anySeed,
});

describeKernels('f32_transpose', (sandbox) => {
  it('transposes matrices of any size and writes nothing beyond them', () => {
    fc.assert(
      fc.property(anyCase, ({ count, rows, columns, seed }) => {
        sandbox().reset();
        const size = rows * columns;
        const values = uniform(random(seed), count * size);
        const out = sandbox().alloc(count * size * 4);
        const command = sandbox().placeCommand({
          ...{ InBase: sandbox().placeFloats(values), InStride: size * 4, InChannels: columns },
          ...{ Param0: rows, OutBase: out, OutStride: size * 4 },
        });
        sandbox().run('f32_transpose', command, 0, count);
        sandbox().assertIntact();
        const expected = values.map((_, i) => {
          const [matrix, column, row] = [
            Math.floor(i / size),
            Math.floor((i % size) / rows),
            i % rows,
          ];
          return values[matrix * size + row * columns + column];
        });
        assert.deepEqual([...sandbox().floats(out, count * size)], [...expected]);
      }),
    );
  });
});
