import { assert } from 'chai';
import { assetUrl, IN_NODE } from '../support/environment.js';
import { assertClose } from './closeness.js';

/** Enough for a start on a busy machine; a process that hangs takes longer. */
const TIME_LIMIT_MS = 60_000;

/** A script that predicts with masks and prints the result; it ends when there is nothing to do. */
const SCRIPT = `
  import * as tf from '@tensorflow/tfjs-core';
  import { setWasmPaths } from '${assetUrl('dist/dynconv.mjs')}';
  setWasmPaths('${assetUrl('dist/')}');
  const flags = JSON.parse(process.argv[1]);
  for (const [name, value] of Object.entries(flags)) tf.env().set(name, value);
  if (!(await tf.setBackend('dynconv'))) throw new Error('dynconv did not start');
  const wave = (shape, step) =>
    tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(i * step)), shape);
  const x = wave([1, 16, 16, 8], 0.7);
  const mask = tf.cast(tf.greater(wave([1, 16, 16, 1], 1.3), 0.4), 'float32');
  const hidden = tf.relu6(tf.conv2d(x, wave([1, 1, 8, 24], 1.1), 1, 'same'));
  const spread = tf.depthwiseConv2d(hidden, wave([3, 3, 24, 1], 0.3), 1, 'same');
  const branch = tf.conv2d(spread, wave([1, 1, 24, 8], 0.9), 1, 'same');
  const output = tf.relu(tf.add(x, tf.mul(branch, mask)));
  const { lanes, relaxed } = tf.backend().runtime;
  while (lanes.ready < (flags.DYNCONV_LANES ?? 0)) await new Promise((resolve) => setTimeout(resolve, 10));
  console.log(JSON.stringify({
    relaxed,
    values: [...await output.data()],
    listeners: ['uncaughtException', 'unhandledRejection'].map((name) => process.listenerCount(name)),
  }));
`;

interface Printed {
  relaxed: boolean;
  values: number[];
  listeners: number[];
}

function predictIn(flags: Record<string, unknown>): Printed {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { fileURLToPath } = process.getBuiltinModule('node:url');
  const major = Number(process.versions.node.split('.')[0]);
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [
      ...(major < 22 ? ['--experimental-wasm-relaxed-simd'] : []),
      ...['--input-type=module', '--eval', SCRIPT, JSON.stringify(flags)],
    ],
    { cwd: fileURLToPath(assetUrl('./')), encoding: 'utf8', timeout: TIME_LIMIT_MS },
  );
  assert.equal(signal, null, 'the process did not end by itself');
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout.trim().split('\n').pop() ?? '') as Printed;
}

if (IN_NODE) {
  describe('a process that uses the backend', () => {
    it('ends by itself, and has nobody else handle its errors', () => {
      assert.deepEqual(predictIn({}).listeners, [0, 0]);
    });

    it('has workers, also where its script is no file', () => {
      assert.isAbove(predictIn({ DYNCONV_LANES: 2 }).values.length, 0);
    });

    it('runs on relaxed SIMD or not, as it is told', () => {
      const [plain, relaxed] = [false, true].map((flag) =>
        predictIn({ DYNCONV_RELAXED_SIMD: flag }),
      );
      assert.isFalse(plain.relaxed);
      assert.isTrue(relaxed.relaxed);
      assertClose(plain.values, relaxed.values, 1e-6);
    });

    it('gets the same values with skipping and without', () => {
      const [skipping, dense] = [true, false].map((flag) => predictIn({ DYNCONV_SKIP: flag }));
      assert.deepEqual(dense.values, skipping.values);
    });
  });
}
