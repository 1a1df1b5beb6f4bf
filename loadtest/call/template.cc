#include "loadtest/call/template.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace meanwhile {
namespace {

constexpr char kOpen[] = "{{";
constexpr char kClose[] = "}}";
constexpr int64_t kLongestString = 1 << 20;
constexpr char kNames[] =
    "there are .CallNumber, .LoopNumber, .UUID, randomInt MIN MAX, randomString LENGTH, timestamp, timestampUnix, "
    "timestampUnixMilli and timestampUnixNano";

std::string PlaceOf(absl::string_view text, std::size_t offset) {
  const absl::string_view before = text.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t line_end = before.rfind('\n');
  const std::size_t column = line_end == absl::string_view::npos ? offset + 1 : offset - line_end;
  return lines == 0 ? absl::StrCat("column ", column) : absl::StrCat("line ", lines + 1, ", column ", column);
}

// Where the action ends whose text begins at `begin`; }} within a quoted text does not end it.
std::size_t EndOfAction(absl::string_view text, std::size_t begin) {
  bool quoted = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (!quoted && text.substr(i, 2) == kClose) return i;
  }
  return absl::string_view::npos;
}

// Of version 4: all bits are random but six.
void AppendUuid(std::mt19937_64* random, std::string* out) {
  const uint64_t high = ((*random)() & ~uint64_t{0xf000}) | 0x4000;
  const uint64_t low = ((*random)() & ~(uint64_t{3} << 62)) | (uint64_t{2} << 62);
  absl::StrAppendFormat(out, "%08x-%04x-%04x-%04x-%012x", high >> 32, (high >> 16) & 0xffff, high & 0xffff, low >> 48,
                        low & 0xffffffffffff);
}

void AppendRandomString(std::mt19937_64* random, int64_t length, std::string* out) {
  static constexpr char kCharacters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::uniform_int_distribution<std::size_t> character(0, sizeof(kCharacters) - 2);
  for (int64_t i = 0; i < length; ++i) out->push_back(kCharacters[character(*random)]);
}

int64_t DrawInt(TemplateValues* values, int64_t lowest, int64_t highest) {
  if (values->draw == TemplateValues::Draw::kLowest) return lowest;
  if (values->draw == TemplateValues::Draw::kHighest) return highest;
  return std::uniform_int_distribution<int64_t>(lowest, highest)(values->random);
}

}  // namespace

struct Template::Function {
  const char* name;
  Kind kind;
  std::size_t arguments = 0;
};

const std::vector<Template::Function>& Template::Functions() {
  static const auto* const kFunctions = new std::vector<Function>{
      {".CallNumber", Kind::kCallNumber},
      {".RequestNumber", Kind::kCallNumber},
      {".LoopNumber", Kind::kLoopNumber},
      {".UUID", Kind::kUuid},
      {"newUUID", Kind::kUuid},
      {"randomInt", Kind::kRandomInt, 2},
      {"randomString", Kind::kRandomString, 1},
      {"timestamp", Kind::kTimestamp},
      {".Timestamp", Kind::kTimestamp},
      {"timestampUnix", Kind::kUnix},
      {".TimestampUnix", Kind::kUnix},
      {"timestampUnixMilli", Kind::kUnixMilli},
      {".TimestampUnixMilli", Kind::kUnixMilli},
      {"timestampUnixNano", Kind::kUnixNano},
      {".TimestampUnixNano", Kind::kUnixNano},
  };
  return *kFunctions;
}

absl::StatusOr<Template> Template::Parse(absl::string_view text) {
  Template parsed;
  std::size_t done = 0;
  while (true) {
    const std::size_t open = text.find(kOpen, done);
    parsed.AddText(text.substr(done, open == absl::string_view::npos ? open : open - done));
    if (open == absl::string_view::npos) return parsed;
    const std::size_t close = EndOfAction(text, open + 2);
    if (close == absl::string_view::npos) {
      return absl::InvalidArgumentError(absl::StrCat(PlaceOf(text, open), ": {{ without }}"));
    }
    absl::StatusOr<Part> part = ParseAction(absl::StripAsciiWhitespace(text.substr(open + 2, close - open - 2)));
    if (!part.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(PlaceOf(text, open), ": ", part.status().message()));
    }
    if (part->kind == Kind::kText) {
      parsed.AddText(part->text);
    } else {
      parsed.parts_.push_back(*std::move(part));
    }
    done = close + 2;
  }
}

absl::StatusOr<Template::Part> Template::ParseAction(absl::string_view action) {
  if (action.size() >= 2 && action.front() == '"' && action.back() == '"') {
    return Part{.kind = Kind::kText, .text = std::string(action.substr(1, action.size() - 2))};
  }
  const std::vector<absl::string_view> words = absl::StrSplit(action, absl::ByAnyChar(" \t\n"), absl::SkipEmpty());
  const auto wrong = [action](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("{{", action, "}}: ", why));
  };
  if (words.empty()) return wrong(absl::StrCat("nothing is named; ", kNames));
  const auto function = std::find_if(Functions().begin(), Functions().end(),
                                     [&words](const Function& function) { return words[0] == function.name; });
  if (function == Functions().end()) return wrong(absl::StrCat("unknown name; ", kNames));
  if (words.size() - 1 != function->arguments) {
    return wrong(absl::StrCat(words[0], " takes ", function->arguments, " numbers, not ", words.size() - 1));
  }
  Part part;
  part.kind = function->kind;
  int64_t* const places[] = {&part.first, &part.second};
  for (std::size_t i = 0; i < function->arguments; ++i) {
    if (!absl::SimpleAtoi(words[i + 1], places[i])) return wrong(absl::StrCat(words[i + 1], " is no whole number"));
  }
  if (part.kind == Kind::kRandomInt && part.first > part.second) {
    return wrong("the first number must not exceed the second");
  }
  if (part.kind == Kind::kRandomString && (part.first < 0 || part.first > kLongestString)) {
    return wrong(absl::StrCat("the length must be from 0 to ", kLongestString));
  }
  return part;
}

void Template::AddText(absl::string_view text) {
  if (text.empty()) return;
  if (parts_.empty() || parts_.back().kind != Kind::kText) parts_.emplace_back();
  absl::StrAppend(&parts_.back().text, text);
}

bool Template::is_constant() const {
  return std::all_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.kind == Kind::kText; });
}

void Template::Render(TemplateValues* values, std::string* out) const {
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Kind::kText:
        absl::StrAppend(out, part.text);
        break;
      case Kind::kCallNumber:
        absl::StrAppend(out, values->call_number);
        break;
      case Kind::kLoopNumber:
        absl::StrAppend(out, values->loop_number);
        break;
      case Kind::kUuid:
        AppendUuid(&values->random, out);
        break;
      case Kind::kRandomInt:
        absl::StrAppend(out, DrawInt(values, part.first, part.second));
        break;
      case Kind::kRandomString:
        AppendRandomString(&values->random, part.first, out);
        break;
      case Kind::kTimestamp:
        absl::StrAppend(out, absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", values->now, absl::UTCTimeZone()));
        break;
      case Kind::kUnix:
        absl::StrAppend(out, absl::ToUnixSeconds(values->now));
        break;
      case Kind::kUnixMilli:
        absl::StrAppend(out, absl::ToUnixMillis(values->now));
        break;
      case Kind::kUnixNano:
        absl::StrAppend(out, absl::ToUnixNanos(values->now));
        break;
    }
  }
}

}  // namespace meanwhile
