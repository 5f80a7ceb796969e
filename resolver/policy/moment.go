package policy

// momentForm is the form of a number of so many digits that is a day, or a minute or second
// of one: 20260226, 202602261005, 20260226100559.
func momentForm(n uint64, digits int) suffixForm {
	const eight, twelve, fourteen, second, minute = 8, 12, 14, 1_000_000, 10_000
	switch {
	case digits == eight && calendarDate(n):
		return dateForm
	case digits == twelve && calendarDate(n/minute) && clock(n%minute*100):
		return minuteForm
	case digits == fourteen && calendarDate(n/second) && clock(n%second):
		return secondForm
	}
	return noForm
}

// timeFormOf is the form of a time of day that stands behind a date: 1005, 100559.
func timeFormOf(digits string) suffixForm {
	const short, long = 4, 6
	switch n, _ := parseNumber(digits); {
	case len(digits) == short && clock(n*100):
		return shortTimeForm
	case len(digits) == long && clock(n):
		return timeForm
	}
	return noForm
}

// isDate reports a day of eight digits.
func isDate(piece string) bool {
	return leadingDigits(piece) == len(piece) && suffixFormOf("", piece) == dateForm
}

// clock reports a time of day, written as hhmmss.
func clock(n uint64) bool { return n < 240000 && n/100%100 < 60 && n%100 < 60 }

// calendarDate reports a number that is a day of the 20th or 21st century,
// written as YYYYMMDD.
func calendarDate(n uint64) bool {
	month, day := n/100%100, n%100
	return n >= 19000000 && n < 21000000 && month >= 1 && month <= 12 && day >= 1 && day <= 31
}

// dashedDate reads YYYY-MM-DD from the beginning of s, as YYYYMMDD, and how long it is; a
// length of 0 is none. Month and day may have one digit, too.
func dashedDate(s string) (date uint64, length int) {
	const year = 4
	if len(s) <= year || s[year] != '-' || leadingDigits(s) != year {
		return 0, 0
	}
	month := s[year+1:]
	digits := leadingDigits(month)
	if digits == 0 || digits > 2 || digits == len(month) || month[digits] != '-' {
		return 0, 0
	}
	day := month[digits+1:]
	month, digits = month[:digits], leadingDigits(day)
	if digits == 0 || digits > 2 {
		return 0, 0
	}
	y, _ := parseNumber(s[:year]) // digits, and few: these three never fail
	m, _ := parseNumber(month)
	d, _ := parseNumber(day[:digits])
	if date = y*10000 + m*100 + d; !calendarDate(date) {
		return 0, 0
	}
	return date, len(s) - len(day) + digits
}
