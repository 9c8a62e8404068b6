/* global crossOriginIsolated, document */
import * as tf from '@tensorflow/tfjs-core';
import * as dynconv from 'tfjs-backend-dynconv';
import { predict, predictOnTwoLanes } from './predict.mjs';

const prediction = crossOriginIsolated ? predictOnTwoLanes(tf, dynconv) : predict(tf);
document.title = await prediction.catch(String);
