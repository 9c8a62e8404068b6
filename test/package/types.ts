import * as tf from '@tensorflow/tfjs-core';
import { setWasmPaths } from 'tfjs-backend-dynconv';

setWasmPaths('/static/');
export const ready: Promise<boolean> = tf.setBackend('dynconv');
