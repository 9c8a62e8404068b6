import type { UnrollingTableDocument } from 'tfjs-backend-dynconv/mapping';

/** An unrolling table as JSON, an entry a line, like those in `tables/`. */
export function formatTableFile({ entries, ...head }: UnrollingTableDocument): string {
  const fields = Object.entries(head).map(([key, value]) => `  "${key}": ${inline(value)},`);
  const lines = entries.map((entry) => `    ${inline(entry)}`);
  return `{\n${fields.join('\n')}\n  "entries": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

/** JSON on one line, with a space behind each comma and colon and inside of braces. */
function inline(value: unknown): string {
  return JSON.stringify(value, null, 1)
    .replace(/\n */g, ' ')
    .replace(/\[ /g, '[')
    .replace(/ \]/g, ']');
}
