/** The published workload and a dense network on every backend, in this process of Node. */
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { benchNetworks } from '../core.js';
import { formatNetworks } from '../report.js';
import {
  environment,
  printResults,
  programOptions,
  say,
  workloadModel,
  workloadPicture,
} from './host.js';

const options = programOptions();
const networks = await benchNetworks(await workloadModel(), await workloadPicture(), options, say);
const document = { environment: environment(), networks };
printResults(options.json, document, formatNetworks(document));
