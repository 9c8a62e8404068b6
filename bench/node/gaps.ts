/** How long timers wait in Node while the published workload runs through data() in a loop. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import * as tf from '@tensorflow/tfjs-core';
import 'tfjs-backend-dynconv';
import { atOnce, formatGaps, measureGaps, timers, type GapsDocument } from '../gaps.js';
import { hourglass } from '../hourglass.js';
import {
  environment,
  printResults,
  programOptions,
  workloadModel,
  workloadPicture,
} from './host.js';

const { json, runs } = programOptions();
await tf.setBackend('dynconv');
const lanes = tf.env().getNumber('DYNCONV_LANES');
const network = await hourglass(await workloadModel(), await workloadPicture());
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const results = await measureGaps(
  network,
  { tickers: { timers }, paces: { 'one after the other': atOnce } },
  { lanes, runs },
);
delay.disable();
const document: GapsDocument & { eventLoopDelay: number } = {
  environment: environment(),
  results,
  eventLoopDelay: delay.max / 1e6,
};
const longest = `longest event-loop delay of all (perf_hooks): ${document.eventLoopDelay.toFixed(1)} ms`;
printResults(json, document, `${formatGaps(document)}\n\n${longest}`);
