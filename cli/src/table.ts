/**
 * A table for a terminal: columns as wide as their longest cell, the first aligned left, the others
 * right.
 *
 * @param rows the rows beneath the header; every row has as many cells as the header.
 */
export function formatTable(header: readonly string[], rows: readonly string[][]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const format = (line: readonly string[]): string =>
    line
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [format(header), rule, ...rows.map(format)].join('\n');
}

/** A share as a percentage, one digit behind the point; a dash for a share of nothing. */
export function percent(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`;
}
