import { z } from 'zod';
import { problemsOf, UserError } from '../user-error.js';
import { behindLoop } from './loops.js';

const graph = z.looseObject({
  node: z
    .array(
      z.looseObject({
        name: z.string().min(1),
        op: z.string().min(1),
        input: z.array(z.string().min(1)).optional(),
      }),
    )
    .min(1),
});

/**
 * Holds the topology of a graph model to what its execution takes for granted: nodes have names of
 * their own, their inputs are among them, and none depends on itself.
 *
 * @param file that holds it, for messages.
 * @throws UserError when it is broken, or has loops.
 */
export function checkGraph(file: string, topology: unknown): void {
  const parsed = graph.safeParse(topology);
  if (!parsed.success) {
    throw new UserError(`${file} describes no graph: ${problemsOf(parsed.error)}`);
  }
  const inputs = new Map<string, string[]>();
  for (const { name, input = [] } of parsed.data.node) {
    if (inputs.has(name)) throw new UserError(`${file} has two nodes called ${name}.`);
    inputs.set(name, input.map(sourceOf));
  }
  for (const [name, sources] of inputs) {
    const missing = sources.find((source) => !inputs.has(source));
    if (missing !== undefined) {
      throw new UserError(`${file}: the node ${name} reads ${missing}, but there is no such node.`);
    }
  }
  const stuck = behindLoop(inputs);
  if (stuck !== undefined) {
    throw new UserError(
      `${file}: the node ${stuck} lies on a loop, or behind one: graphs with loops cannot be run.`,
    );
  }
}

/** The node that an input names, as `NODE`, `NODE:OUTPUT` or, where only the order counts, `^NODE`. */
function sourceOf(input: string): string {
  return input.replace(/^\^/, '').split(':')[0];
}
