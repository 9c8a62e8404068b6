import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { assert } from 'chai';
import { DynconvBackend } from '../../src/backend.js';
import { OutOfMemoryError, profile, setWasmPaths } from '../../src/index.js';
import { assetUrl } from '../support/environment.js';
import { assertClose } from './closeness.js';
import { assertLeavesNothing, dynconv, footprint, restart } from './footprint.js';
import { predictor } from './predictor.js';
import { coins, filter, quarters } from './random-tensors.js';

/** The error that `f` throws, or that the promise it returns is rejected with. */
async function errorOf(f: () => unknown): Promise<Error> {
  try {
    await f();
  } catch (error) {
    assert.instanceOf(error, Error);
    return error;
  }
  return assert.fail('nothing was thrown');
}

/** Runs `f` while kernels of other backends fail as soon as they have made an output. */
async function withTrap<T>(trap: Error, f: () => Promise<T>): Promise<T> {
  const backend = dynconv();
  backend.makeOutput = (...args) => {
    DynconvBackend.prototype.makeOutput.apply(backend, args);
    throw trap;
  };
  try {
    return await f();
  } finally {
    Reflect.deleteProperty(backend, 'makeOutput');
  }
}

/** Runs `f` while all of the WebAssembly memory is taken but `spare` bytes and small change. */
async function withLittleMemory(spare: number, f: () => unknown): Promise<void> {
  const { heap } = dynconv().runtime;
  const reserve = heap.allocate(spare);
  const taken: number[] = [];
  for (let bytes = 2 ** 30; bytes >= 4096;) {
    try {
      taken.push(heap.allocate(bytes));
    } catch {
      bytes /= 2;
    }
  }
  heap.free(reserve);
  try {
    await f();
  } finally {
    for (const pointer of taken) heap.free(pointer);
  }
}

describe('an output of negative size', () => {
  before(() => tf.setBackend('dynconv'));

  const resize = (x: tf.Tensor4D, size: [number, number]): tf.Tensor4D =>
    tf.tidy(() => tf.image.resizeNearestNeighbor(x, size));

  for (const size of [
    [-3, 2],
    [-3, -2],
    [-(2 ** 31), 0],
  ] as [number, number][]) {
    it(`is refused as it is deferred: ${size.join(' x ')}`, async () => {
      const x = quarters([1, 4, 4, 2], 1) as tf.Tensor4D;
      await assertLeavesNothing(async () => {
        const error = await errorOf(() =>
          tf.tidy(() => resize(tf.conv2d(x, filter([1, 1, 2, 2], 2), 1, 'same'), size)),
        );
        assert.include(error.message, `no tensor of shape [1, ${size.join(', ')}, 2]`);
      });
      x.dispose();
    });
  }

  it('is refused where it would be computed at once', async () => {
    const x = quarters([1, 4, 4, 2], 1) as tf.Tensor4D;
    await assertLeavesNothing(async () => {
      assert.instanceOf(await errorOf(() => resize(x, [-3, 2])), RangeError);
    });
    x.dispose();
  });
});

describe('running out of memory', () => {
  before(() => tf.setBackend('dynconv'));

  // The memory has grown as far as it can, and does not shrink.
  after(restart);

  it('is an error by name that says so', async () => {
    await withLittleMemory(2 ** 20, async () => {
      const before = footprint().blocks;
      const error = await errorOf(() => tf.tensor(new Float32Array(2 ** 19)));
      assert.instanceOf(error, OutOfMemoryError);
      assert.equal(error.name, 'OutOfMemoryError');
      assert.match(error.message, /out of WebAssembly memory: 2,097,152 bytes/);
      assert.equal(footprint().blocks, before);
    });
  });

  it('is noticed for sizes beyond any memory', async () => {
    const x = quarters([1, 2, 2, 1], 1) as tf.Tensor4D;
    const size = 2 ** 15;
    const map = tf.tidy(() =>
      tf.relu(
        tf.image.resizeNearestNeighbor(tf.conv2d(x, filter([1, 1, 1, 1], 2), 1, 'same'), [
          size,
          size,
        ]),
      ),
    );
    assert.instanceOf(await errorOf(() => map.dataSync()), OutOfMemoryError);
    // The same again: what could not be computed once does not turn up half computed.
    assert.instanceOf(await errorOf(() => map.dataSync()), OutOfMemoryError);
    tf.dispose([x, map]);
  });

  for (const kib of [16, 64, 256, 640, 1024, 2048, 3072, 4096]) {
    it(`leaves the backend usable and leaks nothing, with ${kib} KiB left`, async () => {
      const model = predictor(32, 16, 3);
      const expected = tf.tidy(() => model.predict(model.input).dataSync());
      const before = footprint();
      let failed = false;
      await withLittleMemory(kib * 1024, () => {
        const y = model.predict(model.input);
        const z = tf.tidy(() => tf.relu(tf.mul(y, coins([1, 32, 32, 1], 0.5, 3))));
        try {
          assertClose(y.dataSync(), expected);
          z.dataSync();
        } catch (error) {
          failed = true;
          assert.instanceOf(error, OutOfMemoryError);
        }
        tf.dispose([y, z]);
      });
      if (kib <= 16) assert.isTrue(failed);
      if (kib >= 4096) assert.isFalse(failed);
      assert.deepEqual({ ...footprint(), heap: 0 }, { ...before, heap: 0 });
      assertClose(
        tf.tidy(() => model.predict(model.input).dataSync()),
        expected,
      );
      model.dispose();
    });
  }

  it('in one tensor does not spoil the others', async () => {
    const x = quarters([1, 64, 64, 8], 1) as tf.Tensor4D;
    const shared = tf.tidy(() => tf.conv2d(x, filter([1, 1, 8, 64], 2), 1, 'same'));
    const small = tf.tidy(() => tf.maxPool(shared, 8, 8, 'same'));
    const other = tf.tidy(() => tf.relu(tf.conv2d(x, filter([1, 1, 8, 1], 3), 1, 'same')));
    await withLittleMemory(128 * 1024, async () => {
      assert.instanceOf(await errorOf(() => shared.dataSync()), OutOfMemoryError);
      assert.equal(other.dataSync().length, 64 * 64);
    });
    tf.dispose([x, shared, small, other]);
  });
});

describe('a failure', () => {
  before(() => tf.setBackend('dynconv'));

  after(restart);

  it('of a chain that is computed because it grew long leaks nothing', async () => {
    const one = tf.scalar(1);
    const x = quarters([1, 64, 64, 64], 1) as tf.Tensor4D;
    let sum: tf.Tensor = tf.maxPool(x, 2, 1, 'same');
    sum.dataSync();
    sum.dispose();
    const before = footprint();
    await withLittleMemory(2 ** 19, async () => {
      sum = tf.maxPool(x, 2, 1, 'same');
      const error = await errorOf(() => {
        for (let i = 0; i < 5000; i++) {
          const next = tf.add(sum, one);
          sum.dispose();
          sum = next;
        }
      });
      assert.instanceOf(error, OutOfMemoryError);
      sum.dispose();
    });
    assert.deepEqual({ ...footprint(), heap: 0 }, { ...before, heap: 0 });
    tf.dispose([x, one]);
  });

  for (const kernel of [tf.Softplus, tf.Concat]) {
    for (const isDeferred of [true, false]) {
      it(`of ${kernel} on ${isDeferred ? 'deferred rows' : 'a tensor'} leaks nothing`, async () => {
        await assertLeavesNothing(async () => {
          const x = tf.tidy(() => {
            const map = quarters([1, 4, 4, 3], 1) as tf.Tensor4D;
            return isDeferred ? tf.maxPool(map, 2, 1, 'same') : map;
          });
          const trap = new WebAssembly.RuntimeError('on purpose');
          const error = await withTrap(trap, () =>
            errorOf(() =>
              tf.tidy(() => {
                const y = kernel === tf.Concat ? tf.concat([x, x], 1) : tf.softplus(x);
                return y.dataSync();
              }),
            ),
          );
          assert.equal(error, trap);
          x.dispose();
        });
      });
    }
  }
});

describe('loading', () => {
  afterEach(async () => {
    setWasmPaths(assetUrl('dist/'));
    assert.isTrue(await restart());
  });

  /** What TensorFlow.js logs when a backend does not start. */
  const complaint = async (): Promise<string> => {
    const lines: string[] = [];
    const { warn } = console;
    console.warn = (...parts: unknown[]) => {
      lines.push(
        parts.map((part) => (part instanceof Error ? part.message : String(part))).join(' '),
      );
    };
    try {
      assert.isFalse(await restart());
    } finally {
      console.warn = warn;
    }
    return lines.join('\n');
  };

  it('tells which file is missing, and where it was looked for', async () => {
    setWasmPaths(assetUrl('nowhere/'));
    // Both binaries are missing; which of them is missed first is a race.
    assert.match(await complaint(), /could not load (\S+wasm) from \S+nowhere\/\1/);
  });

  it('refuses a file of another kind', async () => {
    setWasmPaths({
      'dynconv-simd.wasm': assetUrl('models/fixtures/resnet-basic-hourglass/reference.json'),
      'dynconv-relaxed-simd.wasm': assetUrl(
        'models/fixtures/resnet-basic-hourglass/reference.json',
      ),
      'tfjs-backend-wasm-simd.wasm': assetUrl('dist/tfjs-backend-wasm-simd.wasm'),
    });
    assert.match(
      await complaint(),
      /dynconv\S+wasm cannot be loaded: it is not a WebAssembly binary/,
    );
  });

  it('refuses to be told of a file that there is none of', () => {
    assert.throws(() => {
      setWasmPaths({ 'tfjs-backend-wasm.wasm': '/' } as Record<string, string>);
    }, /there is no file 'tfjs-backend-wasm.wasm'/);
  });

  it('accepts the place of each file', async () => {
    const at = (file: string): string => assetUrl(`dist/${file}`);
    setWasmPaths({
      'dynconv-simd.wasm': at('dynconv-simd.wasm'),
      'dynconv-relaxed-simd.wasm': at('dynconv-relaxed-simd.wasm'),
      'tfjs-backend-wasm-simd.wasm': at('tfjs-backend-wasm-simd.wasm'),
    });
    assert.isTrue(await restart());
  });
});

describe('misuse', () => {
  it('of DYNCONV_LANES is refused', () => {
    const before = tf.env().getNumber('DYNCONV_LANES');
    for (const lanes of [before, 1, 3]) {
      tf.env().set('DYNCONV_LANES', lanes);
      for (const wrong of [0, -1, 1.5, 9]) {
        assert.throws(() => {
          tf.env().set('DYNCONV_LANES', wrong);
        }, /DYNCONV_LANES is/);
        assert.equal(tf.env().getNumber('DYNCONV_LANES'), lanes);
      }
    }
    tf.env().set('DYNCONV_LANES', before);
  });

  it('of profile while another one is under way is refused', async () => {
    await tf.setBackend('dynconv');
    const f = async (): Promise<void> => {
      const y = tf.relu(tf.ones([2]));
      await y.data();
      y.dispose();
    };
    const [first, second] = [profile(f), errorOf(() => profile(f))];
    assert.match((await second).message, /profile: another one is under way/);
    assert.isTrue((await first).timeline.milliseconds >= 0);
    assert.isTrue(tf.env().getBool('DYNCONV_SKIP'));
    await profile(f);
  });

  it('of profile is refused', async () => {
    await tf.setBackend('cpu');
    assert.match((await errorOf(() => profile(() => 1))).message, /the backend is 'cpu'/);
    await tf.setBackend('dynconv');
    for (const repeats of [0, -1, 1.5, NaN]) {
      const { message } = await errorOf(() => profile(() => 1, { repeats }));
      assert.match(message, /repeats is .*positive whole number/);
    }
  });

  it('does not leave profile changed by a function that throws', async () => {
    await tf.setBackend('dynconv');
    const before = footprint();
    const { message } = await errorOf(() =>
      profile(() => {
        quarters([2, 2], 1);
        throw new Error('on purpose');
      }),
    );
    assert.equal(message, 'on purpose');
    assert.isTrue(tf.env().getBool('DYNCONV_SKIP'));
    assert.deepEqual(footprint(), before);
  });
});
