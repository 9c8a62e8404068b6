import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import fc from 'fast-check';
import '../../src/index.js';
import { assertClose } from './closeness.js';
import { assertLeavesNothing } from './footprint.js';
import { quarters } from './random-tensors.js';

/** In which of both operands a label is, and whether in the output. */
const ROLES = {
  batch: { a: true, b: true, out: true },
  left: { a: true, b: false, out: true },
  right: { a: false, b: true, out: true },
  inner: { a: true, b: true, out: false },
  lone: { a: true, b: false, out: false },
  aside: { a: false, b: true, out: false },
};
type Role = keyof typeof ROLES;

interface Label {
  name: string;
  role: Role;
  size: number;
}

const anyLabels: fc.Arbitrary<Label[]> = fc
  .array(
    fc.record({
      role: fc.constantFrom<Role>('batch', 'left', 'right', 'inner', 'inner', 'lone', 'aside'),
      size: fc.integer({ min: 1, max: 4 }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((labels) => labels.map((label, index) => ({ ...label, name: 'abcdef'[index] })))
  // No operand is without labels.
  .filter((labels) =>
    (['a', 'b'] as const).every((x) => labels.some(({ role }) => ROLES[role][x])),
  );

const anyCase = anyLabels.chain((labels) => {
  const order = (where: 'a' | 'b' | 'out') => {
    const among = labels.filter(({ role }) => ROLES[role][where]);
    return fc.shuffledSubarray(among, { minLength: among.length });
  };
  return fc.record({ a: order('a'), b: order('b'), out: order('out'), seed: fc.nat(1000) });
});

/** The sum of products for each place of the output, in float64. */
function sumOf(a: Label[], b: Label[], out: Label[], x: ArrayLike<number>, y: ArrayLike<number>) {
  const summed = [...new Set([...a, ...b])].filter((label) => !out.includes(label));
  const places = (labels: Label[]) =>
    labels.reduce<Map<Label, number>[]>(
      (all, label) =>
        all.flatMap((place) =>
          Array.from({ length: label.size }, (_, at) => new Map([...place, [label, at]])),
        ),
      [new Map<Label, number>()],
    );
  const at = (labels: Label[], place: Map<Label, number>) =>
    labels.reduce((index, label) => index * label.size + (place.get(label) ?? 0), 0);
  return places(out).map((place) =>
    places(summed).reduce((sum, inner) => {
      const all = new Map([...place, ...inner]);
      return sum + x[at(a, all)] * y[at(b, all)];
    }, 0),
  );
}

const text = (labels: Label[]): string => labels.map(({ name }) => name).join('');
const shapeOf = (labels: Label[]): number[] => labels.map(({ size }) => size);

describe('einsum', () => {
  before(() => tf.setBackend('dynconv'));
  after(() => tf.setBackend('cpu'));

  it('gives sums of products of any two tensors, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async ({ a, b, out, seed }) => {
        await assertLeavesNothing(() => {
          tf.tidy(() => {
            const [x, y] = [quarters(shapeOf(a), seed), quarters(shapeOf(b), seed + 1)];
            const actual = tf.einsum(`${text(a)},${text(b)}->${text(out)}`, x, y);
            assert.deepEqual(actual.shape, shapeOf(out));
            assertClose(actual.dataSync(), sumOf(a, b, out, x.dataSync(), y.dataSync()), 1e-6);
          });
        });
      }),
    );
  });

  it('computes the sums of attention layers', async () => {
    const sums: [equation: string, a: number[], b: number[]][] = [
      ['abc,cde->abde', [2, 24, 32], [32, 4, 8]],
      ['aecd,abcd->acbe', [2, 24, 4, 8], [2, 24, 4, 8]],
      ['acbe,aecd->abcd', [2, 4, 24, 24], [2, 24, 4, 8]],
      ['abcd,cde->abe', [2, 24, 4, 8], [4, 8, 32]],
    ];
    for (const [equation, a, b] of sums) {
      const values: tf.TypedArray[] = [];
      for (const backend of ['cpu', 'dynconv']) {
        await tf.setBackend(backend);
        values.push(tf.tidy(() => tf.einsum(equation, quarters(a, 1), quarters(b, 2)).dataSync()));
      }
      assertClose(values[1], values[0], 1e-6);
    }
  });

  it('refuses sizes that do not agree', () => {
    assert.throws(
      () => tf.einsum('ij,jk->ik', tf.ones([2, 3]), tf.ones([4, 2])),
      /Expected dimension/,
    );
  });
});
