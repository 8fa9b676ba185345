import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

/** Where `npm run dev` finds a running server. */
const SERVER = process.env['LAMBDURA_ENDPOINT'] ?? 'http://127.0.0.1:3001'

// The server refuses what comes from a foreign origin. In development the page is served by Vite,
// which takes its own origin off on the way.
const proxied = {
  target: SERVER,
  changeOrigin: true,
  configure: (proxy: { on: (event: 'proxyReq', listener: (request: { removeHeader: (name: string) => void }) => void) => void }) => {
    proxy.on('proxyReq', (request) => request.removeHeader('origin'))
  },
}

export default defineConfig({
  plugins: [react()],
  // Those of `e2e` need a browser and a server, and run by themselves.
  test: { include: ['src/**/*.test.ts'] },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/lambdura': proxied,
      '/healthz': proxied,
      '/readyz': proxied,
      '/metrics': proxied,
      '/2015-03-31': proxied,
      '/2017-03-31': proxied,
      '/2017-10-31': proxied,
      '/2018-10-31': proxied,
      '/2019-09-25': proxied,
      '/2025-12-01': proxied,
    },
  },
  build: {
    target: 'es2023',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // The page is served from loopback; fewer, larger files are no burden there.
    chunkSizeWarningLimit: 2_000,
  },
})
