/** The published workload and a dense network on every backend, in this process of Node. */
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { benchNetworks } from '../core.js';
import { formatNetworks } from '../report.js';
import { nodePeers } from './node-peers.js';
import {
  environment,
  printResults,
  programOptions,
  say,
  workloadModel,
  workloadPicture,
} from './host.js';

const options = programOptions();
const picture = await workloadPicture();
const { install, lanes } = options;
const threads = lanes ?? tf.env().getNumber('DYNCONV_LANES');
const peers = options.peers ? await nodePeers(picture, { install, threads }) : [];
const networks = await benchNetworks(await workloadModel(), picture, options, peers, say);
const document = { environment: environment(), networks };
printResults(options.json, document, formatNetworks(document));
