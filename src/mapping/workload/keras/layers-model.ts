import { FeatureLayers } from '../feature-layers.js';
import { LayerError } from '../layer-error.js';
import { NetworkBuilder, type Tensor } from '../network.js';
import type { ModelInputs } from '../tfjs/model-inputs.js';
import type { KerasLayer, KerasModel } from '../tfjs/model-json.js';
import { UNKNOWN } from '../tfjs/shapes.js';
import { Config } from './config.js';
import { applyLayer } from './layer-rules.js';

/**
 * Reads the layers of a layers model: a Sequential or a Functional one, in which every layer stands
 * after its inputs, as Keras writes it.
 *
 * @param report takes what is wrong with a layer
 */
export function readLayersModel(
  { class_name: className, config }: KerasModel,
  inputs: ModelInputs,
  report: (layer: string, message: string) => void,
): NetworkBuilder {
  const layers = Array.isArray(config) ? config : config.layers;
  const reader = new ModelReader(inputs, report);
  const sequential = className === 'Sequential';
  for (const layer of layers) reader.read(layer, sequential);
  const outputs = Array.isArray(config) ? undefined : namesIn(config.output_layers);
  reader.outputs(outputs && outputs.length > 0 ? outputs : undefined);
  return reader.builder;
}

class ModelReader {
  readonly builder = new NetworkBuilder();
  private readonly layers = new FeatureLayers(this.builder);
  private readonly results = new Map<string, Tensor>();
  private last: string | undefined;

  constructor(
    private readonly inputs: ModelInputs,
    private readonly report: (layer: string, message: string) => void,
  ) {}

  read(layer: KerasLayer, sequential: boolean): void {
    const config = new Config(layer.config);
    const name = layer.name ?? config.text('name') ?? layer.class_name;
    const isInput = layer.class_name === 'InputLayer';
    if (isInput || (sequential && this.last === undefined)) {
      const input = isInput ? name : `${name}/input`;
      this.results.set(input, this.input(name, layer.config));
      this.last = input;
      if (isInput) return;
    }
    const sources =
      sequential && this.last !== undefined ? [this.last] : namesIn(layer.inbound_nodes?.[0]);
    const operands = sources.flatMap((source) => this.results.get(source) ?? []);
    if (operands.length < sources.length || operands.length === 0) {
      this.report(
        name,
        `${layer.class_name}: expected its inputs before it: ${sources.join(', ')}`,
      );
    }
    this.results.set(name, this.apply(layer, { name, operands, config }));
    this.last = name;
  }

  outputs(names: readonly string[] = this.last === undefined ? [] : [this.last]): void {
    for (const name of names) {
      const tensor = this.results.get(name);
      if (tensor) this.builder.output(tensor);
    }
  }

  private input(name: string, config: Readonly<Record<string, unknown>>): Tensor {
    const told = config.batch_input_shape ?? config.batch_shape;
    const sizes: unknown[] = Array.isArray(told) ? (told as unknown[]) : [];
    const shape = sizes.map((size) => (typeof size === 'number' ? size : UNKNOWN));
    return NetworkBuilder.constant(this.inputs.shapeOf(name, shape.length > 0 ? shape : undefined));
  }

  private apply(layer: KerasLayer, operation: Parameters<typeof applyLayer>[1]): Tensor {
    if (operation.operands.length > 0) {
      try {
        return applyLayer(layer.class_name, operation, this.layers);
      } catch (error) {
        if (!(error instanceof LayerError)) throw error;
        this.report(operation.name, `${layer.class_name}: ${error.message}`);
      }
    }
    return NetworkBuilder.opaque(operation.operands, undefined);
  }
}

/**
 * The names in a list of references, which Keras writes as `[name, node, tensor, {}]` and a list with
 * one of them without its brackets.
 */
function namesIn(references: unknown): string[] {
  if (!Array.isArray(references)) return [];
  const items = references as unknown[];
  if (typeof items[0] === 'string') return [items[0]];
  return items.flatMap((item) => {
    const first: unknown = Array.isArray(item) ? item[0] : undefined;
    return typeof first === 'string' ? [first] : [];
  });
}
