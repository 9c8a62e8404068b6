import { InputError, type Problem } from '../../problem.js';
import { readLayersModel } from '../keras/layers-model.js';
import type { Network, NetworkBuilder } from '../network.js';
import { readGraphModel } from './graph-model.js';
import { ModelInputs, type InputShapes } from './model-inputs.js';
import { parseModelJson, type ModelJson } from './model-json.js';
import { Weights } from './weights.js';

/** What a reader of a converted model may know besides its `model.json`. */
export interface TfjsOptions {
  /** The weights files, one after the other; some models compute shapes of constants in them. */
  readonly weights?: Uint8Array;
  /** For inputs whose shape the model leaves open. */
  readonly inputShapes?: InputShapes;
}

/**
 * Reads the layers of a converted model, graph model or layers model: convolutions, matrix products,
 * pools and residual additions. What else there is costs nothing.
 *
 * @param name of the file, for messages
 * @param text of its `model.json`
 * @throws InputError with every problem: the file, the line and the node
 */
export function parseTfjsNetwork(name: string, text: string, options: TfjsOptions = {}): Network {
  const json = parseModelJson(name, text);
  const problems: Problem[] = [];
  const report = (node: string, message: string): void => {
    problems.push({ file: name, line: lineNaming(text, node), message: `${node}: ${message}` });
  };
  const inputs = new ModelInputs(options.inputShapes ?? {});
  const network = read(json, options.weights, inputs, report).finish();
  if (problems.length > 0 && inputs.open) {
    // The others come of it.
    const { name: openInput, shape } = inputs.open;
    const message = `${openInput}: the input [${shape ?? '?'}] is open, and layers need its shape`;
    throw new InputError([{ file: name, line: lineNaming(text, openInput), message, openInput }]);
  }
  if (problems.length > 0) throw new InputError(problems);
  if (network.layers.length === 0) {
    const message = 'expected a model with convolutions or matrix products; it has none';
    throw new InputError([{ file: name, line: 1, message }]);
  }
  return network;
}

function read(
  json: ModelJson,
  weights: Uint8Array | undefined,
  inputs: ModelInputs,
  report: (node: string, message: string) => void,
): NetworkBuilder {
  const { modelTopology: topology } = json;
  if ('node' in topology && Array.isArray(topology.node)) {
    const specs = json.weightsManifest.flatMap((group) => group.weights);
    const signature = json.signature ?? json.userDefinedMetadata?.signature;
    return readGraphModel(topology.node, signature, new Weights(specs, weights), inputs, report);
  }
  const model = 'model_config' in topology ? topology.model_config : topology;
  return readLayersModel(model as Parameters<typeof readLayersModel>[0], inputs, report);
}

/** The first line on which a node's name stands as a JSON string. */
function lineNaming(text: string, node: string): number {
  const offset = text.indexOf(JSON.stringify(node));
  return offset < 0 ? 1 : text.slice(0, offset).split('\n').length;
}
