/* global document */
import * as tf from '@tensorflow/tfjs-core';
import 'tfjs-backend-dynconv';
import { predict } from './predict.mjs';

document.title = await predict(tf).catch(String);
