/**
 * A node that lies on a loop or behind one: what is left when those whose inputs are done are taken
 * away, again and again (Kahn's order). Undefined when there is none.
 *
 * @param inputs the nodes that each node reads, all of which are among the keys.
 */
export function behindLoop(inputs: ReadonlyMap<string, readonly string[]>): string | undefined {
  const waiting = new Map<string, number>();
  const readers = new Map<string, string[]>();
  for (const [name, sources] of inputs) {
    waiting.set(name, sources.length);
    for (const source of sources) {
      const known = readers.get(source);
      if (known) known.push(name);
      else readers.set(source, [name]);
    }
  }
  const ready = [...inputs.keys()].filter((name) => waiting.get(name) === 0);
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
