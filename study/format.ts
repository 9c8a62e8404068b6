/** Cycles, in thousands. */
export function thousands(cycles: number): string {
  return (cycles / 1000).toFixed(1);
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

export function kibibytes(bits: number): string {
  return (bits / 8192).toFixed(0);
}

/** Rows of a table in Markdown. */
export function tableRows(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
