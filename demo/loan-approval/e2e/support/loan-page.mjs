/** The page as a person uses it: everything is found by role and label. */

/** Milliseconds. The real workflow takes about twenty seconds, and a cold start on a busy machine adds to it. */
export const OUTCOME_TIMEOUT = Number(process.env.E2E_TIMEOUT_MS ?? 90_000)

export class LoanPage {
  constructor(page) {
    this.page = page
    this.result = page.getByRole('region', { name: 'Result' })
    this.state = page.getByRole('region', { name: 'Current state' })
    this.dialog = page.getByRole('dialog', { name: 'Manager approval' })
    this.log = page.getByRole('log')
    this.banner = page.getByRole('alert').filter({ hasText: 'loan API' })
    this.submitButton = page.getByRole('button', { name: 'Submit application' })
    this.submitOrCompare = page.getByRole('button', { name: /^Submit (application|to both)$/ })
    this.newButton = page.getByRole('button', { name: 'New application' })
  }

  profile(name) {
    return this.page.getByRole('button', { name })
  }

  field(label) {
    return this.page.getByLabel(label, { exact: true })
  }

  step(label) {
    return this.page.getByRole('list', { name: 'Workflow steps' }).getByRole('listitem').filter({ has: this.page.getByText(label, { exact: true }) })
  }

  /** Picks a profile, sets another amount where given, and submits. */
  async apply(name, amount) {
    await this.profile(name).click()
    if (amount !== undefined) await this.field('Loan amount').fill(String(amount))
    await this.submitButton.click()
  }

  async waitForResult(title) {
    await this.result.getByRole('heading', { name: title, exact: true }).waitFor({ timeout: OUTCOME_TIMEOUT })
  }

  /** The value of a term on the result card. */
  term(name) {
    return this.result.locator('div', { has: this.page.getByText(name, { exact: true }) }).getByRole('definition')
  }

  applicationId() {
    return new URL(this.page.url()).searchParams.get('application')
  }
}
