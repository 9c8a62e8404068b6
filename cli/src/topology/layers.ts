import { z } from 'zod';
import { problemsOf, UserError } from '../user-error.js';
import { behindLoop } from './loops.js';

const index = z.number().int().nonnegative();
/** A layer of a model that is no mere sequence; each of its calls is a list of what it reads. */
const layer = z.looseObject({
  class_name: z.string(),
  name: z.string().min(1),
  config: z.looseObject({ name: z.string() }),
  inbound_nodes: z.array(
    z.array(z.tuple([z.string(), index, index]).rest(z.unknown()), {
      error: 'must be a list of [layer, call, output] for each call, as Keras 2 writes it',
    }),
  ),
});
const functional = z.looseObject({ layers: z.array(layer).min(1) });
type Layer = z.infer<typeof layer>;

/** What holds other layers, in either of the forms that Keras gives a sequence. */
const sequence = z.looseObject({ layers: z.array(z.unknown()) });
const model = z.looseObject({
  class_name: z.string(),
  config: z.union([sequence, z.array(z.unknown())]),
});

/**
 * Holds the topology of a layers model to what its construction takes for granted, which else would never
 * end: layers have names of their own, the outputs that they read are there, and none depends on
 * itself.
 *
 * @param file that holds it, for messages.
 * @throws UserError when it is broken, or has loops.
 */
export function checkLayers(file: string, topology: unknown): void {
  const { model_config: inner } = z.looseObject({}).parse(topology);
  checkModel(file, inner ?? topology);
}

/** Checks a model, and those among its layers that are models. */
function checkModel(file: string, content: unknown): void {
  const parsed = model.safeParse(content);
  if (!parsed.success) return;
  const { class_name: className, config } = parsed.data;
  const layers = Array.isArray(config) ? config : config.layers;
  if (className !== 'Sequential') checkCalls(file, config);
  for (const one of layers) checkModel(file, one);
}

function checkCalls(file: string, config: unknown): void {
  const parsed = functional.safeParse(config);
  if (!parsed.success) {
    throw new UserError(`${file} describes no layers: ${problemsOf(parsed.error)}`);
  }
  const names = new Set<string>();
  const inputs = new Map<string, string[]>();
  for (const one of parsed.data.layers) {
    if (names.has(one.name)) throw new UserError(`${file} has two layers called ${one.name}.`);
    if (one.config.name !== one.name) {
      throw new UserError(`${file}: the layer ${one.name} calls itself ${one.config.name}, too.`);
    }
    names.add(one.name);
    for (const [call, sources] of callsOf(one).entries())
      inputs.set(`${one.name}/${call}`, sources);
  }
  for (const [call, sources] of inputs) {
    const missing = sources.find((source) => !inputs.has(source));
    if (missing !== undefined) {
      throw new UserError(
        `${file}: ${call} reads ${missing}, but there is no such call of a layer.`,
      );
    }
  }
  const stuck = behindLoop(inputs);
  if (stuck !== undefined) {
    throw new UserError(
      `${file}: ${stuck} lies on a loop, or behind one: models with loops cannot be run.`,
    );
  }
}

/** What each call of a layer reads, in order: inputs and models have been called once by being there. */
function callsOf({ class_name: className, config, inbound_nodes: nodes }: Layer): string[][] {
  const made = className === 'InputLayer' || 'layers' in config ? [[]] : [];
  const calls = nodes.filter((sources) => sources.length > 0);
  return [...made, ...calls.map((sources) => sources.map(([name, call]) => `${name}/${call}`))];
}
