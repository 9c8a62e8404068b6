import * as tf from '@tensorflow/tfjs-core';
import 'tfjs-backend-dynconv';
import { predict } from './predict.mjs';

console.log(await predict(tf));
