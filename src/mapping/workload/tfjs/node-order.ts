import type { GraphNode } from './model-json.js';

/** A node's input: the node, and which of its results. */
export interface Reference {
  readonly node: string;
  readonly index: number;
}

/** Reads a reference such as `split:1`; undefined for one that only orders nodes in time (`^node`). */
export function referenceOf(input: string): Reference | undefined {
  if (input.startsWith('^')) return undefined;
  const [node, index] = input.split(':');
  return { node, index: Number(index ?? 0) || 0 };
}

/**
 * The nodes that the roots need, each after its inputs. Of a loop's inputs, those that come from its
 * own body are left out, so that its body is met once.
 */
export function orderNodes(
  nodes: ReadonlyMap<string, GraphNode>,
  roots: Iterable<string>,
): GraphNode[] {
  const order: GraphNode[] = [];
  const state = new Map<string, 'open' | 'done'>();
  for (const root of roots) {
    const stack = [root];
    while (stack.length > 0) {
      const name = stack[stack.length - 1];
      const node = nodes.get(name);
      if (!node || state.get(name) === 'done') {
        stack.pop();
      } else if (state.get(name) === 'open') {
        state.set(name, 'done');
        order.push(node);
        stack.pop();
      } else {
        state.set(name, 'open');
        const inputs = node.input.map(referenceOf).filter((input) => input !== undefined);
        // The first input is visited first, so it goes on the stack last.
        for (const input of inputs.reverse()) {
          if (!state.has(input.node)) stack.push(input.node);
        }
      }
    }
  }
  return order;
}
