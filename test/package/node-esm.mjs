import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import 'tfjs-backend-dynconv';
import { predict } from './predict.mjs';

console.log(await predict(tf));
