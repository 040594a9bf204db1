/** Builds the web UI into dist/web: every page a chunk of its own, nothing inlined that the content security policy forbids. */
import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

/**
 * The first paint waits for nothing but the page itself: the few rules of `boot.css` stand in it (src/api/app.ts allows them by their
 * hash), the link to all others behind the first words. Scripts still run after the styles.
 */
const firstPaint = (): Plugin => ({
  name: 'first-paint',
  transformIndexHtml: {
    order: 'post',
    handler: (html) => {
      const boot = readFileSync(new URL('./src/styles/boot.css', import.meta.url), 'utf8').trim();
      const links = html.match(/\s*<link rel="stylesheet"[^>]*>/g) ?? [];
      const without = links.reduce((left, link) => left.replace(link, ''), html);
      return without
        .replace('</title>', `</title>\n    <style>${boot}</style>`)
        .replace('</body>', `${links.map((link) => link.trim()).join('\n    ')}\n  </body>`);
    },
  },
});

export default defineConfig({
  plugins: [firstPaint()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    chunkSizeWarningLimit: 600,
  },
});
