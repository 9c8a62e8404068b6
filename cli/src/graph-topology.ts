import { z } from 'zod';
import { problemsOf, UserError } from './user-error.js';

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
type Node = z.infer<typeof graph>['node'][number];

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
  const nodes = new Map<string, Node>();
  for (const node of parsed.data.node) {
    if (nodes.has(node.name)) throw new UserError(`${file} has two nodes called ${node.name}.`);
    nodes.set(node.name, node);
  }
  for (const { name, input = [] } of nodes.values()) {
    const missing = input.map(sourceOf).find((source) => !nodes.has(source));
    if (missing !== undefined) {
      throw new UserError(`${file}: the node ${name} reads ${missing}, but there is no such node.`);
    }
  }
  const stuck = behindLoop(nodes);
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

/** A node that is left when those whose inputs are done are taken away, again and again. */
function behindLoop(nodes: ReadonlyMap<string, Node>): string | undefined {
  const waiting = new Map<string, number>();
  const readers = new Map<string, string[]>();
  for (const { name, input = [] } of nodes.values()) {
    waiting.set(name, input.length);
    for (const source of input.map(sourceOf)) {
      const known = readers.get(source);
      if (known) known.push(name);
      else readers.set(source, [name]);
    }
  }
  const ready = [...nodes.keys()].filter((name) => waiting.get(name) === 0);
  for (let name = ready.pop(); name !== undefined; name = ready.pop()) {
    waiting.delete(name);
    for (const reader of readers.get(name) ?? []) {
      const left = waiting.get(reader)! - 1;
      waiting.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  return waiting.keys().next().value;
}
