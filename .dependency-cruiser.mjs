/** What may import what: knowledge goes one way, and nothing depends on itself (docs/architecture.md). */

/** Forbids files below `from` to import from a folder of `src/` that is not named. */
const layer = (name, ...allowed) => ({
  name: `${name} knows ${allowed.length === 0 ? 'nothing else' : `only ${allowed.join(' and ')}`}`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: { path: '^src/', pathNot: `^src/(${[name, ...allowed].join('|')})/` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no circles', severity: 'error', from: {}, to: { circular: true } },
    layer('memory'),
    layer('arrays', 'memory'),
    layer('graph', 'arrays', 'memory'),
    layer('mapping'),
    {
      name: 'operations stand on what they share, not the reverse',
      severity: 'error',
      from: { path: '^src/lowering/' },
      to: { path: '^src/(ops|mapping|timeline)/' },
    },
    {
      name: 'only the registration knows operations by name',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(ops/|register\\.ts$)' },
      to: { path: '^src/ops/' },
    },
    {
      name: 'the library stands alone',
      severity: 'error',
      from: { path: '^(src|kernels)/' },
      to: { path: '^(cli|models|bench|test|scripts)/' },
    },
    {
      name: 'the command sees the library as its users do',
      severity: 'error',
      from: { path: '^(cli|models/evaluate)/' },
      to: { path: '^(src/(?!(mapping/)?index\\.ts$)|bench/|test/|scripts/)' },
    },
  ],
  options: {
    doNotFollow: { path: '(^|/)(node_modules|dist)/' },
    // Circles of types count, too.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
