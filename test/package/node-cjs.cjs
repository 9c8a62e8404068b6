const tf = require('@tensorflow/tfjs-core');
require('tfjs-backend-dynconv');

import('./predict.mjs').then(async ({ predict }) => {
  console.log(await predict(tf));
});
