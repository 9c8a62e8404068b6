const DEADLINE_MS = 10_000;

/** A block between a convolution and a mask, on the current backend. */
function block(tf, size, channels) {
  return tf.tidy(() => {
    const ramp = (shape) => tf.reshape(tf.linspace(-1, 1, tf.util.sizeFromShape(shape)), shape);
    const image = ramp([1, size, size, 3]);
    const features = tf.relu6(tf.conv2d(image, ramp([3, 3, 3, channels]), 1, 'same'));
    const mask = tf.cast(
      tf.greater(tf.slice(image, [0, 0, 0, 0], [1, size, size, 1]), 0),
      'float32',
    );
    const hidden = tf.depthwiseConv2d(features, ramp([3, 3, channels, 1]), 1, 'same');
    const projected = tf.conv2d(hidden, ramp([1, 1, channels, channels]), 1, 'same');
    return tf.add(features, tf.mul(projected, mask));
  });
}

/**
 * A prediction as a user's program makes it, on `dynconv` and on `cpu`.
 *
 * @param {typeof import('@tensorflow/tfjs-core')} tf with `dynconv` and `cpu` registered
 * @returns {Promise<string>} 'dynconv agrees with cpu', or how it does not
 */
export async function predict(tf, size = 8, channels = 8) {
  const outputs = [];
  for (const backend of ['dynconv', 'cpu']) {
    if (!(await tf.setBackend(backend))) {
      return `tf.setBackend('${backend}') failed`;
    }
    const output = block(tf, size, channels);
    outputs.push(await output.data());
    output.dispose();
  }
  const [actual, expected] = outputs;
  const scale = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
  const worst = expected.reduce((most, x, i) => Math.max(most, Math.abs(x - actual[i])), 0);
  return worst < 1e-4 * scale ? 'dynconv agrees with cpu' : `dynconv differs from cpu by ${worst}`;
}

/**
 * Predictions that are large enough for two threads, until both have computed.
 *
 * @param {typeof import('@tensorflow/tfjs-core')} tf with `dynconv` and `cpu` registered
 * @param {Pick<typeof import('tfjs-backend-dynconv'), 'profile'>} library
 * @returns {Promise<string>} 'dynconv agrees with cpu', or what is wrong
 */
export async function predictOnTwoLanes(tf, { profile }) {
  const [size, channels] = [64, 32];
  tf.env().set('DYNCONV_LANES', 2);
  await tf.setBackend('dynconv');
  const lanes = new Set();
  const deadline = performance.now() + DEADLINE_MS;
  while (lanes.size < 2) {
    lanes.clear();
    const run = await profile(() => block(tf, size, channels), { repeats: 1 });
    run.result.dispose();
    for (const { lane } of run.timeline.events) lanes.add(lane);
    if (performance.now() > deadline) {
      return `only lane ${[...lanes]} computes; isolated: ${globalThis.crossOriginIsolated}`;
    }
    // A worker that is still starting gets time for it.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return predict(tf, size, channels);
}
