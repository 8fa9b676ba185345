import { money } from '../util/format'
import { PROFILES } from '../util/profiles'
import type { FormValues } from '../util/validation'

interface Props {
  values: FormValues
  onPick: (values: FormValues) => void
}

/** The three applicants of the demo; picking one fills the form. */
export function ProfilePicker({ values, onPick }: Props) {
  return (
    <fieldset className="profiles">
      <legend>Demo profiles</legend>
      {PROFILES.map((profile) => (
        <button
          key={profile.values.sin}
          type="button"
          className="profile"
          aria-pressed={profile.values.sin === values.sin && profile.values.name === values.name}
          onClick={() => onPick(profile.values)}
        >
          <span className="profile-initial" aria-hidden="true">
            {profile.values.name.charAt(0)}
          </span>
          <span className="profile-text">
            <span className="profile-name">{profile.values.name}</span>
            <span className="profile-outcome">{profile.outcome}</span>
          </span>
          <span className="profile-amount">{money(profile.amount)}</span>
        </button>
      ))}
    </fieldset>
  )
}
