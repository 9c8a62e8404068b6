import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import fc from 'fast-check';
import { CaptureError, capture } from '../../src/index.js';
import { assertClose } from './closeness.js';
import { assertLeavesNothing, footprint } from './footprint.js';
import { inputOf, runSteps } from './interpreter.js';
import { callKernel, kernelCalls, otherTypes } from './kernel-calls/index.js';
import { hourglassPredictor } from './predictor.js';
import { anyProgram } from './program.js';
import type { Program } from './program.js';
import { quarters } from './random-tensors.js';
import { valuesOf } from './readings.js';
import type { Reading } from './readings.js';
import { Source } from './source.js';

/** What is computed of weights alone may round otherwise once it is in memory. */
const TOLERANCE = 1e-5;
/** Of the inputs of a network. */
const SEEDS = [0, 2, 0];
/** Calls of each kernel. */
const CALLS = 5;
/** The size of these depends on values. */
const SIZED_BY_VALUES: readonly string[] = [
  ...[tf.Unique, tf.NonMaxSuppressionV3, tf.SparseFillEmptyRows, tf.RaggedTensorToTensor],
];

/** The same values in another order. */
function reversed(x: tf.Tensor): tf.Tensor {
  if (x.dtype === 'complex64') return x.clone();
  return tf.tensor([...x.dataSync()].reverse(), x.shape, x.dtype);
}

/** How large the values of a program get, and whether rounding leaves its masks alone. */
function sensitivity(program: Program): { scale: number; isClear: boolean } {
  let [scale, margin] = [0, Infinity];
  tf.tidy(() => {
    for (const seed of SEEDS) {
      runSteps(program, inputOf(program, seed), {
        look: (value) => {
          for (const v of value.dataSync()) scale = Math.max(scale, Math.abs(v));
        },
        read: () => undefined,
        onThreshold: (scores, threshold) => {
          for (const v of scores.dataSync()) margin = Math.min(margin, Math.abs(v - threshold));
        },
      });
    }
  });
  return { scale, isClear: margin > 1e-4 };
}

/** What `f` gives, or that it fails. */
function outcome(f: () => tf.Tensor[]): Reading[] | 'fails' {
  let readings: Reading[] | 'fails' = 'fails';
  try {
    tf.tidy(() => {
      readings = f().map(valuesOf);
    });
  } catch {
    return 'fails';
  }
  return readings;
}

describe('a captured function', () => {
  before(() => tf.setBackend('dynconv'));

  it('gives what the function gives, whatever network it is, and leaves nothing behind', () =>
    fc
      .assert(
        fc.asyncProperty(anyProgram, fc.boolean(), async (program, isDense) => {
          tf.env().set('DYNCONV_SKIP', !isDense);
          const f = (x: tf.Tensor4D): tf.Tensor[] => runSteps(program, x).map((y) => tf.add(y, 0));
          const { scale, isClear } = sensitivity(program);
          fc.pre(isClear);
          await assertLeavesNothing(() => {
            tf.tidy(() => {
              const captured = capture(f, inputOf(program, 1));
              for (const seed of SEEDS) {
                const x = inputOf(program, seed);
                const wanted = f(x);
                captured(x).forEach((y, index) => {
                  assert.deepEqual(y.shape, wanted[index].shape);
                  assertClose(y.dataSync(), wanted[index].dataSync(), TOLERANCE, scale);
                });
              }
              captured.dispose();
            });
          });
        }),
        { numRuns: 150 },
      )
      .finally(() => {
        tf.env().set('DYNCONV_SKIP', true);
      }));

  it('gives, to the bit, what a network gives', () => {
    const network = hourglassPredictor(24, 8, 2);
    const captured = capture((x: tf.Tensor4D) => network.predict(x), network.input);
    for (const seed of [1, 2, 3]) {
      tf.tidy(() => {
        const x = quarters([1, 24, 24, 3], seed) as tf.Tensor4D;
        assert.deepEqual(captured(x).dataSync(), network.predict(x).dataSync());
      });
    }
    captured.dispose();
    network.dispose();
  });

  for (const name of Object.keys(kernelCalls).filter((each) => !SIZED_BY_VALUES.includes(each))) {
    it(`gives what the kernel gives for other values: ${name}`, () => {
      for (let seed = 1; seed <= CALLS; seed++) {
        const before = footprint();
        tf.tidy(() => {
          const others = otherTypes(name);
          const call = kernelCalls[name](new Source(seed, [], { reuse: 0, empties: 0, others }));
          if (!call) return;
          // `callKernel` goes through the operands in order.
          const operands = Object.values(call.inputs)
            .flat()
            .filter((x): x is tf.Tensor => x !== undefined);
          const f = (...inputs: tf.Tensor[]): tf.Tensor[] => {
            let next = 0;
            return callKernel(name, call, () => inputs[next++]);
          };
          if (outcome(() => f(...operands)) === 'fails') return;
          const captured = capture(f, ...operands);
          const inputs = operands.map(reversed);
          const wanted = outcome(() => f(...inputs));
          const given = outcome(() => captured(...inputs));
          captured.dispose();
          assert.deepEqual(given, wanted);
        });
        assert.deepEqual(footprint().ids, before.ids);
        assert.deepEqual(footprint().tensors, before.tensors);
      }
    });
  }

  it('returns a tensor, a list or an object, as the function does', async () => {
    await assertLeavesNothing(() => {
      const x = quarters([2, 3], 1);
      const one = capture((a) => tf.neg(a), x);
      const list = capture((a) => [tf.neg(a), tf.abs(a)], x);
      const named = capture((a) => ({ sum: tf.sum(a), same: tf.reshape(a, [6]) }), x);
      tf.tidy(() => {
        assert.deepEqual(valuesOf(one(x)), valuesOf(tf.neg(x)));
        const [, magnitude] = list(x);
        assert.deepEqual(valuesOf(magnitude), valuesOf(tf.abs(x)));
        const { sum, same } = named(x);
        assert.deepEqual(valuesOf(sum), valuesOf(tf.sum(x)));
        assert.deepEqual(valuesOf(same), valuesOf(tf.reshape(x, [6])));
      });
      for (const each of [one, list, named]) each.dispose();
      x.dispose();
    });
  });

  it('may return its inputs, what never changes, and one value twice', async () => {
    await assertLeavesNothing(() => {
      const x = quarters([2, 3], 1);
      const captured = capture((a) => {
        const y = tf.square(a);
        return [a, tf.scalar(7), y, tf.reshape(y, [3, 2]), tf.reshape(y, [6])];
      }, x);
      const z = quarters([2, 3], 2);
      const outputs = captured(z);
      z.dispose();
      const again = captured(x);
      tf.dispose([x, again]);
      captured.dispose();
      tf.tidy(() => {
        const [input, seven, ...squares] = outputs;
        const expected = quarters([2, 3], 2);
        assert.deepEqual(valuesOf(input), valuesOf(expected));
        assert.deepEqual([...seven.dataSync()], [7]);
        for (const square of squares) {
          assert.deepEqual(square.dataSync(), tf.square(expected).dataSync());
        }
      });
      tf.dispose(outputs);
    });
  });

  it('computes once what does not depend on its inputs', () => {
    const [x, weights] = [quarters([3], 1), quarters([3], 2)];
    let calls = 0;
    const captured = capture((a) => {
      calls++;
      return tf.add(a, tf.exp(tf.abs(weights)));
    }, x);
    const expected = tf.tidy(() => tf.add(x, tf.exp(tf.abs(weights))).dataSync());
    weights.dispose();
    for (let run = 0; run < 3; run++) {
      assert.deepEqual(
        tf.tidy(() => captured(x).dataSync()),
        expected,
      );
    }
    assert.equal(calls, 1);
    captured.dispose();
    x.dispose();
  });

  it('takes inputs of which something is known, or nothing, whatever was known of the example', () => {
    // A residual block: where only its addend's pixels may have made values negative, relu looks at no others.
    const mask = tf.tidy(() => tf.cast(tf.greater(quarters([1, 8, 8, 1], 3), 0), 'float32'));
    const f = (x: tf.Tensor): tf.Tensor => {
      const sum = tf.add(x, x);
      const block = tf.mul(tf.sub(x, 1), mask);
      return tf.sub(tf.relu(tf.add(sum, block)), sum);
    };
    const plain = (seed: number): tf.Tensor => quarters([1, 8, 8, 64], seed);
    const kinds = [
      plain,
      (seed: number) => tf.neg(plain(seed)),
      (seed: number) => tf.relu(plain(seed)),
    ];
    for (const exampleOf of kinds) {
      tf.tidy(() => {
        const captured = capture(f, exampleOf(1));
        for (const inputOf of kinds) {
          assert.deepEqual(captured(inputOf(2)).dataSync(), f(inputOf(2)).dataSync());
        }
        captured.dispose();
      });
    }
    mask.dispose();
  });

  it('looks at a number among its inputs anew', () => {
    const f = (x: tf.Tensor, divisor: tf.Tensor): tf.Tensor => tf.div(tf.relu(x), divisor);
    tf.tidy(() => {
      const x = quarters([1, 8, 8, 64], 1);
      const captured = capture(f, x, tf.scalar(2));
      for (const divisor of [8, 0, -3]) {
        const wanted = f(x, tf.scalar(divisor)).dataSync();
        assert.deepEqual(captured(x, tf.scalar(divisor)).dataSync(), wanted);
      }
      captured.dispose();
    });
  });

  it('takes inputs that lie on another backend', async () => {
    await tf.setBackend('cpu');
    const [x, z] = [quarters([2, 3], 1), quarters([2, 3], 2)];
    const expected = tf.tidy(() => tf.square(z).dataSync());
    await tf.setBackend('dynconv');
    const captured = capture((a) => tf.square(a), x);
    assert.deepEqual(
      tf.tidy(() => captured(z).dataSync()),
      expected,
    );
    captured.dispose();
    tf.dispose([x, z]);
  });

  it('may be part of another', async () => {
    await assertLeavesNothing(() => {
      const x = quarters([2, 3], 1);
      const inner = capture((a) => tf.square(a), x);
      const outer = capture((a) => tf.add(inner(tf.neg(a)), 1), x);
      tf.tidy(() => {
        const z = quarters([2, 3], 5);
        assert.deepEqual(valuesOf(outer(z)), valuesOf(tf.add(tf.square(tf.neg(z)), 1)));
      });
      outer.dispose();
      inner.dispose();
      x.dispose();
    });
  });

  it('leaves nothing behind after a thousand predictions, read at once or later', async () => {
    const network = hourglassPredictor(16, 8, 2);
    const expected = tf.tidy(() => network.predict(network.input).dataSync<'float32'>());
    const captured = capture((x: tf.Tensor4D) => network.predict(x), network.input);
    const predict = async (run: number): Promise<void> => {
      const y = captured(network.input);
      assert.deepEqual(run % 2 === 0 ? y.dataSync() : await y.data(), expected);
      y.dispose();
    };
    for (let run = 0; run < 10; run++) await predict(run);
    const before = footprint();
    for (let run = 0; run < 1000; run++) await predict(run);
    assert.deepEqual(footprint(), before);
    captured.dispose();
    network.dispose();
  });

  it('defers a sum of several again, which is several sums, and leaves nothing of them', async () => {
    const sum = (x: tf.Tensor4D): tf.Tensor => {
      const maps = [1, 2, 3, 4].map((factor) =>
        tf.relu(tf.conv2d(tf.mul(x, factor), filter, 1, 0)),
      );
      return tf.addN(maps);
    };
    const filter = tf.tensor4d([0.5, -1, 2, 1], [1, 1, 2, 2]);
    const [example, x] = [1, 2].map((seed) => quarters([1, 5, 5, 2], seed) as tf.Tensor4D);
    const captured = capture(sum, example);
    const wanted = tf.tidy(() => sum(x).dataSync());
    await assertLeavesNothing(() => {
      tf.tidy(() => {
        assert.deepEqual(captured(x).dataSync(), wanted);
        // Nobody reads it.
        captured(x);
      });
    });
    captured.dispose();
    tf.dispose([filter, example, x]);
  });

  const refusals: readonly [string, RegExp, (x: tf.Tensor) => unknown][] = [
    ['that reads its inputs', /reads values/, (x) => tf.scalar(x.dataSync()[0])],
    [
      'that reads what it computes',
      /reads values/,
      (x) => tf.scalar(tf.sum(x).arraySync() as number),
    ],
    ['that is asynchronous', /at once/, (x) => Promise.resolve(tf.neg(x))],
    ['that returns no tensor', /return a tensor/, () => 1],
    ['that returns nothing', /return a tensor/, () => []],
    ['that returns null', /return a tensor/, () => null],
    ['that captures another', /another function/, (x) => capture((a) => tf.neg(a), x)(x)],
  ];
  for (const [what, message, f] of refusals) {
    it(`is refused ${what}`, () => {
      const x = quarters([2, 3], 1);
      const before = footprint();
      assert.throws(() => capture(f as (a: tf.Tensor) => tf.Tensor, x), CaptureError, message);
      assert.deepEqual(footprint(), before);
      x.dispose();
    });
  }

  it('lets the function’s own error through', () => {
    const x = quarters([2, 3], 1);
    const f = (): tf.Tensor => {
      throw new RangeError('its own');
    };
    assert.throws(() => capture<[tf.Tensor], tf.Tensor>(f, x), RangeError, 'its own');
    x.dispose();
  });

  it('is refused on another backend', async () => {
    const x = quarters([2, 3], 1);
    await tf.setBackend('cpu');
    assert.throws(() => capture((a) => tf.neg(a), x), CaptureError, /'cpu'/);
    await tf.setBackend('dynconv');
    const captured = capture((a) => tf.neg(a), x);
    await tf.setBackend('cpu');
    assert.throws(() => captured(x), CaptureError, /not the current/);
    await tf.setBackend('dynconv');
    captured.dispose();
    assert.throws(() => captured(x), CaptureError, /disposed/);
    x.dispose();
  });

  it('refuses inputs of other shapes or types, or of another number', () => {
    const [x, other, whole] = [quarters([2, 3], 1), quarters([3, 2], 1), tf.zeros([2, 3], 'int32')];
    const captured = capture((a) => tf.neg(a), x);
    assert.throws(
      () => captured(3 as unknown as tf.Tensor2D),
      CaptureError,
      /input 0 is no tensor/,
    );
    assert.throws(() => captured(other), CaptureError, /\[3, 2\].*\[2, 3\]/);
    assert.throws(() => captured(whole), CaptureError, /int32/);
    assert.throws(
      () => (captured as (...xs: tf.Tensor[]) => tf.Tensor)(x, x),
      CaptureError,
      /2 inputs/,
    );
    captured.dispose();
    tf.dispose([x, other, whole]);
  });

  it('fails where the size of a result depends on values, and leaves nothing behind', async () => {
    const x = tf.tensor1d([1, 2, 3, 3]);
    const captured = capture((a) => tf.neg(tf.unique(tf.abs(a)).values), x);
    await assertLeavesNothing(() => {
      const z = tf.tensor1d([1, 1, 1, 1]);
      assert.throws(() => captured(z), CaptureError, /\[1\].*\[3\].*depends on values/);
      tf.dispose(captured(x));
      z.dispose();
    });
    captured.dispose();
    x.dispose();
  });
});
