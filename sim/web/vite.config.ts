import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** Builds the browser client: `vite build -c sim/web/vite.config.ts`. Set-up does it; the room server serves what comes out. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "/",
  logLevel: "warn",
  build: {
    outDir: fileURLToPath(new URL("../../.cache/web", import.meta.url)),
    emptyOutDir: true,
    target: "es2023",
    // Data URLs would need a looser Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // 140 kB as they are sent.
    chunkSizeWarningLimit: 700,
    // The libraries change less often than the page, and stay in caches when it does.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "libraries", test: /node_modules/ }] } } },
  },
  worker: { format: "es" },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
});
