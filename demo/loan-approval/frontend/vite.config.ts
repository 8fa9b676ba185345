import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { countLines } from './lines.ts'

// The demo's page has one fixed address: another port would make the printed URL a lie.
const ADDRESS = { host: '127.0.0.1', port: 5173, strictPort: true }

export default defineConfig({
  plugins: [react()],
  define: { LINES: JSON.stringify(countLines()) },
  server: ADDRESS,
  preview: ADDRESS,
  build: {
    target: 'es2023',
    // The first versions with `light-dark()`, which the theme is built on.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
  },
})
