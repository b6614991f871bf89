/* The rules of figures/ in the browser, with the same codes and sentences, from the page's script element "rules" (written by
   figures.count_rules.rules_as_data). Sets CCHC.rules; does not touch page or server.
   A row is {served: [measure], proposed: what last month left open or null, history: {sum: [number or null, the
   latest last]}, last: {measure: number or null}}; values are {measure: number or null}.
   A fault is {code, measure (null: the row or report), message, severity, draft: whether a draft may hold it}. */
(() => {
  "use strict";
  const holder = document.getElementById("rules");
  if (!holder) return;
  const data = JSON.parse(holder.textContent);
  const { rules, reading, sides, outlier: far } = data;
  const names = Object.keys(data.measures).filter((name) => !(name in data.sums));
  const whole = (pattern) => new RegExp(`^(?:${pattern})$`, "u");
  const GROUPED = whole(reading.grouped);
  const DIGITS = whole("[0-9]+");
  const UNREAD = reading.unread.map(([pattern, code, why]) => [whole(pattern), code, why]);

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const broken = (code, measure, why, values) => {
    const rule = rules[code];
    const told = why ? { ...values, why: fill(rule.words[why], values) } : values;
    return { code, measure, message: fill(rule.says, told), severity: rule.severity, draft: rule.draft };
  };

  // 14700 → "14.700"; "—" for null.
  const write = (number) =>
    number === null ? "—" : (number < 0 ? "−" : "") + String(Math.abs(number)).replace(/\B(?=(\d{3})+$)/g, ".");
  const quoted = (text) => {
    const signs = [...text];
    const shown = signs.slice(0, reading.quoted).map((sign) => (sign !== " " && /[\p{C}\p{Z}]/u.test(sign) ? " " : sign));
    return shown.join("") + (signs.length > reading.quoted ? "…" : "");
  };
  const strip = (text) => {
    const signs = [...text].filter((sign) => !reading.invisible.includes(sign)).join("").normalize("NFC");
    let [from, to] = [0, signs.length];
    while (from < to && reading.spaces.includes(signs[from])) from += 1;
    while (to > from && reading.spaces.includes(signs[to - 1])) to -= 1;
    return signs.slice(from, to);
  };

  // Typed text → {value: number, or null for a blank; fault: null, or why it is not a count (value is then null)}.
  const read = (text, measure = null) => {
    const typed = strip(text);
    const refuse = (code, why, more) => ({ value: null, fault: broken(code, measure, why, { typed: quoted(typed), ...more }) });
    const most = { most: write(data.largest) };
    if (!typed) return { value: null, fault: null };
    if ([...typed].length > reading.longest) return refuse("too_large", "long", most);
    const grouped = GROUPED.exec(typed);
    const plain = grouped ? typed.replaceAll(grouped[1], "") : typed;
    if (!DIGITS.test(plain)) {
      const found = UNREAD.find(([pattern]) => pattern.test(typed));
      if (found) return refuse(found[1], found[2]);
      return refuse("not_a_number", [...typed].some((sign) => sign > "\x7f" && /\p{Nd}/u.test(sign)) ? "digits" : "text");
    }
    if (plain.length > String(data.largest).length) return refuse("too_large", "large", most);
    return { value: Number(plain), fault: null };
  };

  const added = (numbers) => {
    const known = numbers.filter((number) => number !== null && number !== undefined);
    return known.length ? known.reduce((sum, number) => sum + number, 0) : null;
  };
  const sum = (values, parts) => added(parts.map((name) => values[name]));
  const blank = (values, row, parts) =>
    parts.some((name) => row.served.includes(name) && !data.optional.includes(name) && (values[name] ?? null) === null);

  const checkValue = (measure, value, row) =>
    value === null || row.served.includes(measure) ? null : broken("not_served", measure, "", { number: write(value) });
  const checkCell = (measure, text, row) => {
    const { value, fault } = read(text, measure);
    return fault ?? checkValue(measure, value, row);
  };

  const side = (values, parts) =>
    parts
      .map(([label, measures]) => [label, sum(values, measures), data.optional.includes(measures[0])])
      .filter(([, number, optional]) => number !== null && (number || !optional))
      .map(([label, number]) => `${label} ${write(number)}`)
      .join(" + ");
  // {gap: incoming minus outgoing, null while a part is blank; text: both sides in words}.
  const balance = (values, row) => {
    const [comes, goes] = [sum(values, data.comes_in) ?? 0, sum(values, data.goes_out) ?? 0];
    const [left, right] = sides.map((parts) => side(values, parts));
    const text = `${left} = ${write(comes)}, ${comes === goes ? "và" : "nhưng"} ${right} = ${write(goes)}`;
    const whole = !blank(values, row, [...data.comes_in, ...data.goes_out]);
    return { gap: whole ? comes - goes : null, over: goes - comes, text: text.slice(0, 1).toUpperCase() + text.slice(1) };
  };

  // All faults of a row: cells first, then relations between them.
  const checkRow = (values, row) => {
    const cells = names.map((name) => checkValue(name, values[name] ?? null, row)).filter(Boolean);
    if (cells.length) return cells;
    const { gap, over, text } = balance(values, row);
    if (gap) {
      return [broken("balance", null, gap > 0 ? "more_in" : "more_out", { sides: text, gap: write(Math.abs(gap)) })];
    }
    if (gap === null && over > 0 && !blank(values, row, data.comes_in)) {
      return [broken("over_whole", null, "", { sides: text, gap: write(over) })];
    }
    return [];
  };

  // Whole numbers only: medians are doubled, deviations doubled again. Sums of four cells stay exact below 2^53.
  const middle = (numbers) => {
    const ordered = [...numbers].sort((a, b) => a - b);
    const half = Math.floor(ordered.length / 2);
    return ordered.length % 2 ? 2 * ordered[half] : ordered[half - 1] + ordered[half];
  };
  const halfUp = (over, under) => (2 * over + under - ((2 * over + under) % (2 * under))) / (2 * under);
  const outlier = (measure, value, history) => {
    const past = history.slice(-far.months).filter((number) => number !== null);
    if (value === null || past.length < far.fewest) return null;
    const usual = middle(past);
    const gap = Math.abs(2 * value - usual);
    const deviation = middle(past.map((number) => Math.abs(2 * number - usual)));
    const [[limit, per], [least, of]] = [far.limit, far.least_deviation];
    const above = 2 * value > usual;
    const asFar = past.filter((number) => (above ? number >= value : number <= value));
    const near = 2 * gap * per * of <= limit * Math.max(of * deviation, least * 2 * usual);
    if (gap < 2 * far.smallest_gap || near || asFar.length > 1) return null;
    const many = usual > 0 && value >= usual;
    const tenths = many ? halfUp(20 * value, usual) : 0;
    const why = many ? "times" : above ? "above" : "below";
    const times = `${write(Math.floor(tenths / 10))},${tenths % 10}`;
    return broken("outlier", measure, why, { value: write(value), usual: write(halfUp(usual, 2)), times });
  };

  // Warnings of a row against its history: continuity, then outliers.
  const warnings = (values, row) => {
    const found = far.watched.map((name) => outlier(name, sum(values, data.sums[name]), row.history[name] ?? []));
    const [opening, left] = [values.opening ?? null, row.proposed ?? null];
    if (opening !== null && left !== null && opening !== left) {
      const told = { opening: write(opening), left: write(left), gap: write(Math.abs(opening - left)) };
      found.unshift(broken("continuity", "opening", "", told));
    }
    return found.filter(Boolean);
  };

  // The report as a whole, as [[values, row]]: nothing reported, everything 0, or equal to last month.
  const checkReport = (report) => {
    const cells = (values) => names.map((name) => values?.[name] ?? null);
    const told = (number) => number !== null;
    const now = report.map(([values]) => cells(values));
    if (!now.some((row) => row.some(told))) return [broken("nothing_reported", null, "", {})];
    if (!now.some((row) => row.some(Boolean))) return [broken("all_zero", null, "", {})];
    const same = report.every(([, row], at) => cells(row.last).every((number, place) => number === now[at][place]));
    return same ? [broken("same_as_last", null, "", {})] : [];
  };

  window.CCHC = { ...window.CCHC, rules: { data, read, write, added, sum, checkCell, checkRow, balance, warnings, checkReport } };
})();
