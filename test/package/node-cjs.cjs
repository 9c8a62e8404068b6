const tf = require('@tensorflow/tfjs-core');
require('tfjs-backend-dynconv');

import('./predict.mjs').then(async ({ predict }) => {
  await tf.setBackend('dynconv');
  // Complex numbers are the cpu backend's, which is loaded for them.
  const real = tf.real(tf.complex([1.5], [2])).dataSync();
  console.log(real[0] === 1.5 ? await predict(tf) : `the real part is ${real[0]}`);
});
