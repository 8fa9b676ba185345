// The search: reads the chapters when it is used for the first time, and looks for all words within each section.
'use strict'

const field = document.getElementById('search')
const found = document.getElementById('found')
const chapters = document.getElementById('chapters')
const FOUND_MAX = 20
let sections

// A page that was opened as a file may not read its neighbours; then there is no search.
field.hidden = location.protocol === 'file:'

async function read(link) {
  const answer = await fetch(link.href)
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const list = []
  for (const part of page.querySelectorAll('main > *')) {
    if (/^H[1-3]$/.test(part.tagName)) {
      const url = part.tagName === 'H1' ? link.href : `${link.href}#${part.id}`
      list.push({ page: link.textContent, title: part.textContent, url, text: '' })
    } else if (list.length > 0 && part.tagName !== 'NAV') {
      list[list.length - 1].text += ` ${part.textContent}`
    }
  }
  return list
}

async function search() {
  sections ??= Promise.all([...chapters.querySelectorAll('a')].map(read)).then((lists) => lists.flat())
  const all = await sections
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean)
  const scored = all
    .map((section) => {
      const [title, text] = [section.title.toLowerCase(), section.text.toLowerCase()]
      const fits = words.every((word) => title.includes(word) || text.includes(word))
      return { section, score: fits ? 1 + 10 * words.filter((word) => title.includes(word)).length : 0 }
    })
    .filter((it) => it.score > 0)
    .sort((one, other) => other.score - one.score)
  found.replaceChildren(
    ...scored.slice(0, FOUND_MAX).map(({ section }) => {
      const link = document.createElement('a')
      link.href = section.url
      link.textContent = section.title
      const where = document.createElement('small')
      where.textContent = section.page
      const item = document.createElement('li')
      item.append(link, where)
      return item
    }),
  )
  if (words.length > 0 && scored.length === 0) found.textContent = 'Nothing found.'
  found.hidden = words.length === 0
  chapters.hidden = words.length > 0
}

field.addEventListener('input', search)
// `?search=words` is a link to what is found.
const asked = new URLSearchParams(location.search).get('search')
if (asked && !field.hidden) {
  field.value = asked
  search()
}
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && document.activeElement !== field && !field.hidden) {
    event.preventDefault()
    field.focus()
  }
})
