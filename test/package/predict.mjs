/**
 * A prediction as a user's program makes it: a block between a convolution and a mask, on `dynconv`
 * and on `cpu`.
 *
 * @param {typeof import('@tensorflow/tfjs-core')} tf with `dynconv` and `cpu` registered
 * @returns {Promise<string>} 'dynconv agrees with cpu', or how it does not
 */
export async function predict(tf) {
  const outputs = [];
  for (const backend of ['dynconv', 'cpu']) {
    if (!(await tf.setBackend(backend))) {
      return `tf.setBackend('${backend}') failed`;
    }
    const output = tf.tidy(() => {
      const ramp = (shape) => tf.reshape(tf.linspace(-1, 1, tf.util.sizeFromShape(shape)), shape);
      const image = ramp([1, 8, 8, 3]);
      const features = tf.relu6(tf.conv2d(image, ramp([3, 3, 3, 8]), 1, 'same'));
      const mask = tf.cast(tf.greater(tf.slice(image, [0, 0, 0, 0], [1, 8, 8, 1]), 0), 'float32');
      const block = tf.depthwiseConv2d(features, ramp([3, 3, 8, 1]), 1, 'same');
      return tf.add(features, tf.mul(tf.conv2d(block, ramp([1, 1, 8, 8]), 1, 'same'), mask));
    });
    outputs.push(await output.data());
    output.dispose();
  }
  const [actual, expected] = outputs;
  const worst = expected.reduce((most, x, i) => Math.max(most, Math.abs(x - actual[i])), 0);
  return worst < 1e-4 ? 'dynconv agrees with cpu' : `dynconv differs from cpu by ${worst}`;
}
