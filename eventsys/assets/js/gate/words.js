// Sentences of the page with their gaps filled, and moments as people say them, in the page's language.
const GAP = /%\((\w+)\)s/g;

export class Words {
  #texts;
  #moments;

  constructor(texts, { locale, timeZone }) {
    this.#texts = texts;
    const shape = { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false };
    this.#moments = new Intl.DateTimeFormat(locale, { ...shape, timeZone });
  }

  get(name) {
    return this.#texts[name] ?? "";
  }

  label(result) {
    return this.#texts.results[result] ?? "";
  }

  moment(at) {
    return at ? this.#moments.format(new Date(at)) : "–";
  }

  fill(text, values) {
    return text.replace(GAP, (_, name) => values[name] ?? "–");
  }

  /** What the steward reads of an answer: the server's sentence, or ours where this device decided. */
  message(answer) {
    if (answer.message) return answer.message;
    const { slot, first } = answer;
    const sentence = this.#texts.messages[answer.result] ?? this.label(answer.result);
    return this.fill(sentence, {
      arrived: answer.arrived,
      party: answer.party,
      first_at: this.moment(first?.at),
      gate: first?.gate || first?.device,
      starts_at: this.moment(slot?.starts_at),
      ends_at: this.moment(slot?.ends_at),
      opens_at: this.moment(slot?.opens_at),
      place: slot?.place,
    });
  }
}
