"""The one table of the API: from it come the router, the check of roles and /openapi.json."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from ingest.heat import Held
from ingest.understanding import Understanding
from matcher.explain import Explanation
from matcher.model import Crew, Heat, Presence, Role
from server import (
    answer_views,
    board_views,
    call_views,
    calling,
    complaint_views,
    ingest_views,
    pass_views,
    penalty_views,
    people_views,
    pinyin_views,
    posting_views,
    tie_views,
    understanding_views,
    views,
    worker_views,
)
from server.api import (
    answers,
    assignments,
    board,
    calls,
    complaints,
    consents,
    crews,
    employers,
    health,
    heat,
    inbox,
    ingest,
    offers,
    passes,
    penalties,
    people,
    pinyin,
    postings,
    profiles,
    recognise,
    series,
    sites,
    ties,
    trades,
    understand,
)
from server.auth import STAFF
from server.consent import ConsentText
from server.doors import desk, hall, newcomers, session, telephone
from server.doors import views as doors

PARAMETER: Final = re.compile(r"{(\w+)}")
Handler = Callable[[web.Request, Any], Awaitable[Any]]

MANAGER: Final[frozenset[Role]] = frozenset({"manager"})
KIOSK: Final[frozenset[Role]] = frozenset({"kiosk"})
WORKER: Final[frozenset[Role]] = frozenset({"worker"})
EMPLOYER: Final[frozenset[Role]] = frozenset({"employer"})
ANYBODY: Final[frozenset[Role]] = frozenset({"worker", "employer", "kiosk", "clerk", "manager", "integration"})
EVERYBODY: Final[frozenset[Role]] = ANYBODY | {"newcomer"}
AS_WORKER: Final[frozenset[Role]] = STAFF | {"worker"}
AS_EMPLOYER: Final[frozenset[Role]] = STAFF | {"employer"}
AT_THE_DOOR: Final[frozenset[Role]] = AS_EMPLOYER | {"kiosk"}
POSTS: Final[frozenset[Role]] = AS_EMPLOYER | {"integration"}
REGISTERS: Final[frozenset[Role]] = STAFF | {"kiosk", "integration"}

OWN: Final[dict[str, frozenset[Role]]] = {
    "profile": frozenset({"worker"}),
    "offer": frozenset({"worker"}),
    "crew": frozenset({"worker"}),
    "assignment": frozenset({"worker", "employer", "kiosk"}),
    "posting": frozenset({"employer", "kiosk"}),
    "series": frozenset({"employer", "kiosk"}),
    "employer": frozenset({"employer"}),
}
"""Who reaches only what is theirs, by what the path names; `server.auth` has the rules."""
AT_A_DOOR: Final = ("bad_login", "bad_token", "too_many_requests", "no_gateway")
POSTING_RULES: Final = ("bad_trade", "posting_past", "posting_blocked", "no_employer", "no_site")
SEAT: Final = ("bad_id", "no_posting", "no_profile", "no_assignment", "illegal_move")


@dataclass(frozen=True)
class Route:
    """One line of the table. `body` or `query` is parsed before the handler, which gets it as its second argument;
    `answer` is encoded after it, unless the handler answers by itself (`answer` None)."""

    method: str
    path: str
    summary: str
    handler: Handler
    answer: type | None
    roles: frozenset[Role] | None = ANYBODY  # None: needs no token
    body: type | None = None
    query: type | None = None
    status: int = 200
    errors: tuple[str, ...] = ()
    bounded: bool = True  # counts as a request at work and must end in time
    own: frozenset[Role] = frozenset()  # besides those of `OWN`: who reaches only what is theirs
    hides: str = "forbidden"  # what those are told about what is not theirs
    audited: bool = False  # shows or deletes who somebody is: logged whoever asks, as whatever staff change is

    @property
    def name(self) -> str:
        """The handler's name: unique in the table, the `operationId`."""
        return self.handler.__name__

    @property
    def limited(self) -> frozenset[Role]:
        """Roles that reach only what is theirs by this route."""
        named = [OWN.get(name, frozenset()) for name in PARAMETER.findall(self.path)]
        return self.own.union(*named) & (self.roles or frozenset())

    @property
    def scope(self) -> str:
        """What an integration's key must be allowed: the noun after /v1; nothing for its own session."""
        noun = self.path.split("/")[2] if self.path.startswith("/v1/") else ""
        return "" if noun == "session" else noun


ROUTES: Final[tuple[Route, ...]] = (
    # sites
    Route("GET", "/v1/sites", "Every site", sites.list_sites, views.SiteList, EVERYBODY),
    Route("GET", "/v1/sites/{site}", "One site", sites.get_site, views.SiteView, EVERYBODY,
          errors=("no_site",)),
    Route("PUT", "/v1/sites/{site}", "Write a site", sites.put_site, views.Written, MANAGER, views.SiteChange,
          errors=("stale_version",)),
    # heat
    Route("GET", "/v1/heat", "Temperatures entered for today and later", heat.list_heat, views.HeatList),
    Route("PUT", "/v1/heat", "Enter a day's temperature in a district", heat.put_heat, Held, MANAGER, Heat),
    # words
    Route("GET", "/v1/trades", "Names of trades, hazards and certificates", trades.list_trades, views.TradeList),
    Route("POST", "/v1/recognise", "Trades that a text speaks of", recognise.recognise_text, views.Recognised,
          EVERYBODY, views.TextToRecognise),
    Route("POST", "/v1/understand", "What a text for a posting says, and what the rules say of it",
          understand.understand_text, Understanding, POSTS | {"kiosk"}, understanding_views.TextToUnderstand,
          errors=("no_site",)),
    Route("GET", "/v1/pinyin", "What typed pinyin may mean: the keyboard's candidates", pinyin.get_pinyin,
          pinyin_views.Candidates, query=pinyin_views.PinyinQuery),
    # profiles
    Route("POST", "/v1/profiles", "Register a worker", profiles.post_profile, views.Written, REGISTERS,
          views.NewProfile, status=201, errors=("key_reused", "known_twin", "lives_elsewhere", "bad_trade", "no_site"),
          own=KIOSK),
    Route("GET", "/v1/profiles/{profile}", "One profile, without who it is", profiles.get_profile, views.ProfileView,
          AS_WORKER, errors=("no_profile",)),
    Route("PUT", "/v1/profiles/{profile}", "Change a profile", profiles.put_profile, views.Written,
          AS_WORKER | {"integration"}, views.ProfileChange,
          errors=("no_profile", "stale_version", "bad_trade", "no_site")),
    Route("PUT", "/v1/profiles/{profile}/presence", "Say where a worker is", profiles.put_presence, views.PresenceSet,
          AS_WORKER, Presence, errors=("no_profile", "no_site", "consent_withdrawn")),
    Route("PUT", "/v1/profiles/{profile}/suspension", "Suspend a worker with the reason, or lift it",
          profiles.suspend_profile, views.Written, STAFF, views.Suspension,
          errors=("no_profile", "consent_withdrawn")),
    Route("GET", "/v1/profiles/{profile}/employers", "Employers a worker has worked for or blocked",
          ties.list_employers_of, tie_views.WorkersEmployers, AS_WORKER),
    Route("PUT", "/v1/profiles/{profile}/blocks/{employer}", "A worker blocks an employer, or lifts it",
          ties.block_employer, views.Written, AS_WORKER, tie_views.BlockChange, errors=("no_employer", "no_profile")),
    # people
    Route("GET", "/v1/profiles/{profile}/person", "Who a profile is; staff say why", people.get_person,
          people_views.PersonView, AS_WORKER, query=people_views.Why, errors=("no_profile",), audited=True),
    Route("GET", "/v1/profiles/{profile}/copy", "Everything that is kept of a person", people.get_copy,
          people_views.Copy, AS_WORKER, query=people_views.Why, errors=("no_profile",), audited=True),
    Route("DELETE", "/v1/profiles/{profile}", "Delete a person, at once or once seats and wages are settled",
          people.erase_profile, people_views.Erasure, AS_WORKER, query=people_views.Why, errors=("no_profile",),
          audited=True),
    Route("POST", "/v1/profiles/{profile}/move", "Move to another market: erased here, free to register there",
          people.move_away, people_views.Erasure, AS_WORKER, people_views.Moving, errors=("no_profile", "illegal_move"),
          audited=True),
    Route("GET", "/v1/profiles/{profile}/consent", "What a person has consented to, and whether to ask again",
          consents.get_consent_of, people_views.ConsentView, AS_WORKER, errors=("no_profile",)),
    Route("PUT", "/v1/profiles/{profile}/consent", "Consent to the text in force; staff say how it was given",
          consents.give_consent, people_views.ConsentView, AS_WORKER, people_views.ConsentGiven,
          errors=("no_profile", "new_consent"), audited=True),
    Route("DELETE", "/v1/profiles/{profile}/consent", "Withdraw the consent: no more offers, erased after some days",
          consents.withdraw_consent, people_views.ConsentView, AS_WORKER, query=people_views.Why,
          errors=("no_profile",), audited=True),
    Route("GET", "/v1/assignments/{assignment}/contact", "The other side's name and telephone, masked until confirmed",
          people.get_contact, people_views.Contact, AS_WORKER | {"employer"}, query=people_views.Why,
          errors=("bad_id", "no_posting", "no_profile", "no_employer", "no_assignment"), audited=True),
    # employers
    Route("POST", "/v1/employers", "Register an employer", employers.post_employer, views.Written,
          STAFF | {"integration"}, views.NewEmployer, status=201, errors=("key_reused", "bad_id")),
    Route("GET", "/v1/employers/{employer}", "One employer", employers.get_employer, views.EmployerView, POSTS,
          errors=("no_employer",)),
    Route("PUT", "/v1/employers/{employer}", "Change an employer", employers.put_employer, views.Written, POSTS,
          views.EmployerChange, errors=("no_employer", "stale_version")),
    Route("POST", "/v1/employers/{employer}/verify", "Say whether an employer is verified", employers.verify_employer,
          views.Written, STAFF, views.Verification, errors=("no_employer", "stale_version")),
    Route("GET", "/v1/employers/{employer}/people", "Past workers, favourites and blocks of an employer",
          ties.list_people, tie_views.EmployersPeople, AS_EMPLOYER, errors=("no_employer",)),
    Route("PUT", "/v1/employers/{employer}/favourites/{profile}", "Mark a worker as a favourite, or not", ties.favour,
          views.Written, AS_EMPLOYER, tie_views.FavouriteChange, errors=("no_employer", "no_profile")),
    Route("PUT", "/v1/employers/{employer}/blocks/{profile}", "An employer blocks a worker, or lifts it",
          ties.block_worker, views.Written, AS_EMPLOYER, tie_views.BlockChange, errors=("no_employer", "no_profile")),
    # postings
    Route("POST", "/v1/postings", "Post a shift", postings.post_posting, views.Written, POSTS, posting_views.NewPosting,
          status=201, errors=("key_reused", "bad_id", *POSTING_RULES), own=EMPLOYER),
    Route("GET", "/v1/postings", "Postings by state, site and employer", postings.list_postings,
          posting_views.PostingList, query=posting_views.PostingQuery),
    Route("GET", "/v1/postings/{posting}", "One posting; once awarded with its published order", postings.get_posting,
          posting_views.PostingView, errors=("no_posting",), hides="no_posting"),
    Route("PUT", "/v1/postings/{posting}", "Change a posting", postings.put_posting, views.Written, POSTS,
          posting_views.PostingChange, errors=("no_posting", "stale_version", "illegal_move", "headcount_below_seats",
                                       "no_assignment", "series_overlap", *POSTING_RULES)),
    Route("POST", "/v1/postings/{posting}/submit", "Submit a draft to review", postings.submit_posting, views.Written,
          POSTS, errors=("no_posting", "illegal_move", "bad_trade", "bad_field", "posting_past", "no_employer")),
    Route("POST", "/v1/postings/{posting}/review", "Open a posting or return it", postings.review_posting,
          views.Written, STAFF, posting_views.Decision, errors=("no_posting", "illegal_move", "posting_past")),
    Route("GET", "/v1/postings/{posting}/review", "What the rules say of a posting now", understand.get_review,
          understanding_views.ReviewView, POSTS, errors=("no_posting",)),
    Route("POST", "/v1/postings/check", "What would become of a posting, new or changed, if it were sent now",
          understand.check_posting, understanding_views.Checked, POSTS, posting_views.NewPosting,
          errors=("bad_trade", "posting_past", "no_posting", "no_employer"), own=EMPLOYER),
    Route("GET", "/v1/reviews", "Postings that wait for a clerk, riskiest or due soonest first",
          understand.list_review_queue, understanding_views.ReviewQueue, STAFF, query=understanding_views.QueueQuery),
    Route("POST", "/v1/postings/{posting}/close", "Nobody else is needed", postings.close_posting, views.Written,
          POSTS, errors=("no_posting", "illegal_move")),
    Route("POST", "/v1/postings/{posting}/withdraw", "Take a posting back", postings.withdraw_posting, views.Written,
          POSTS, errors=("no_posting", "illegal_move")),
    Route("GET", "/v1/postings/{posting}/entries", "Who was offered it and what they answered", postings.list_entries,
          posting_views.EntryList, POSTS | {"kiosk"}, errors=("no_posting",)),
    # series
    Route("POST", "/v1/series", "Post the days of a series", series.post_series, posting_views.SeriesView, POSTS,
          posting_views.NewSeries, status=201,
          errors=("key_reused", "bad_id", "series_overlap", "no_series", "known_twin", *POSTING_RULES), own=EMPLOYER),
    Route("GET", "/v1/series/{series}", "The days of a series", series.get_series, posting_views.SeriesView,
          errors=("no_series",), hides="no_series"),
    Route("POST", "/v1/series/{series}/withdraw", "Take every day back", series.withdraw_series,
          posting_views.SeriesView, POSTS, errors=("no_series",)),
    # offers
    Route("GET", "/v1/offers", "A worker's open offers", offers.list_offers, worker_views.CardList, AS_WORKER,
          query=worker_views.OwnQuery, errors=("no_profile",), own=WORKER),
    Route("POST", "/v1/offers/{offer}/accept", "Say yes", offers.accept_offer, worker_views.Answered, AS_WORKER,
          errors=("bad_id", "no_posting", "no_profile", "no_offer", "offer_expired", "offer_declined",
                  "offer_withdrawn", "posting_not_open", "suspended")),
    Route("POST", "/v1/offers/{offer}/decline", "Say no", offers.decline_offer, worker_views.Answered, AS_WORKER,
          worker_views.Refusal, errors=("bad_id", "no_posting", "no_profile", "no_offer", "offer_expired",
                                        "offer_withdrawn", "illegal_move")),
    # questions to the matcher
    Route("POST", "/v1/postings/{posting}/wish", "Ask for an offer of a posting", offers.wish_offer, worker_views.Card,
          AS_WORKER, query=worker_views.OwnQuery,
          errors=("no_posting", "no_profile", "no_matcher", "does_not_fit", "suspended", "posting_not_open",
                  "posting_held"), own=WORKER),
    Route("GET", "/v1/today", "What a worker can do today near here, and what is missing for the rest",
          answers.get_today, answer_views.TodayView, AS_WORKER, query=answer_views.TodayQuery,
          errors=("no_profile", "no_matcher"), own=WORKER),
    Route("POST", "/v1/postings/outlook", "How many people fit a posting now, and how soon it may be filled",
          answers.post_outlook, answer_views.Outlook, POSTS, posting_views.NewPosting,
          errors=("bad_trade", "no_matcher"), own=EMPLOYER),
    Route("GET", "/v1/postings/{posting}/why", "Why a worker was asked, or was not", answers.get_why,
          answer_views.WhyView, AS_WORKER, query=worker_views.OwnQuery,
          errors=("no_posting", "no_profile", "no_matcher"), own=WORKER),
    Route("GET", "/v1/postings/{posting}/explanation", "Waves, reasons, order, commitment and draw, checked",
          answers.get_explanation, Explanation, STAFF, errors=("no_posting",)),
    # calls
    Route("GET", "/v1/calls", "Whom to ring up, for which posting, in which order", calls.list_calls,
          call_views.CallList, STAFF, query=call_views.CallQuery),
    Route("POST", "/v1/calls/{offer}", "What came of a call", calls.tell_call, worker_views.Answered, STAFF,
          call_views.CallOutcome,
          errors=("bad_id", "no_posting", "no_offer", "offer_expired", "offer_declined", "offer_withdrawn",
                  "posting_not_open", "illegal_move", "stale_version", "quiet_hours", "suspended")),
    # penalties
    Route("GET", "/v1/profiles/{profile}/penalties", "A worker's penalties", penalties.list_profile_penalties,
          penalty_views.PenaltyList, AS_WORKER, errors=("no_profile",)),
    Route("POST", "/v1/profiles/{profile}/penalties/appeal", "Object to a penalty", penalties.appeal_profile_penalty,
          views.Written, AS_WORKER, penalty_views.Appeal, errors=("no_penalty", "illegal_move")),
    Route("POST", "/v1/profiles/{profile}/penalties/decide", "Lift a penalty or let it stand",
          penalties.decide_profile_penalty, views.Written, STAFF, penalty_views.PenaltyDecision,
          errors=("no_penalty",)),
    Route("GET", "/v1/employers/{employer}/penalties", "An employer's penalties", penalties.list_employer_penalties,
          penalty_views.PenaltyList, AS_EMPLOYER, errors=("no_employer",)),
    Route("POST", "/v1/employers/{employer}/penalties/appeal", "Object to a penalty",
          penalties.appeal_employer_penalty, views.Written, AS_EMPLOYER, penalty_views.Appeal,
          errors=("no_penalty", "illegal_move")),
    Route("POST", "/v1/employers/{employer}/penalties/decide", "Lift a penalty or let it stand",
          penalties.decide_employer_penalty, views.Written, STAFF, penalty_views.PenaltyDecision,
          errors=("no_penalty",)),
    Route("GET", "/v1/appeals", "Appeals that wait for a clerk", penalties.list_appeals, penalty_views.AppealList,
          STAFF),
    # complaints
    Route("POST", "/v1/complaints", "A worker complains", complaints.post_complaint, views.Written, AS_WORKER,
          complaint_views.NewComplaint, status=201, errors=("key_reused", "bad_id", "no_profile", "no_posting"),
          own=WORKER),
    Route("GET", "/v1/complaints", "A worker's complaints; for staff those that wait for an answer",
          complaints.list_complaints, complaint_views.ComplaintList, AS_WORKER, query=complaint_views.ComplaintQuery,
          own=WORKER),
    Route("POST", "/v1/complaints/{complaint}/answer", "A clerk answers a complaint", complaints.answer_complaint,
          views.Written, STAFF, complaint_views.ComplaintAnswer, errors=("no_complaint",)),
    # crews
    Route("POST", "/v1/crews", "Form a crew", crews.post_crew, views.Written, AS_WORKER, worker_views.NewCrew,
          status=201, errors=("key_reused", "bad_id", "no_profile", "in_a_crew", "crew_full"), own=WORKER),
    Route("GET", "/v1/crews", "A worker's crew and invitations", crews.list_crews, worker_views.CrewList, AS_WORKER,
          query=worker_views.OwnQuery, errors=("no_profile",), own=WORKER),
    Route("GET", "/v1/crews/{crew}", "One crew", crews.get_crew, Crew, AS_WORKER, errors=("no_crew", "no_profile")),
    Route("POST", "/v1/crews/{crew}/invite", "Ask one more person", crews.invite, views.Written, AS_WORKER,
          worker_views.Member, errors=("no_crew", "no_profile", "crew_full")),
    Route("POST", "/v1/crews/{crew}/join", "Consent to a crew", crews.join_crew, views.Written, AS_WORKER,
          worker_views.Member, errors=("no_crew", "no_profile", "not_invited", "in_a_crew")),
    Route("POST", "/v1/crews/{crew}/leave", "Leave a crew or decline its invitation", crews.leave_crew, views.Written,
          AS_WORKER, worker_views.Member, errors=("no_crew", "no_profile")),
    Route("POST", "/v1/crews/{crew}/dissolve", "End a crew", crews.dissolve_crew, views.Written, AS_WORKER,
          errors=("no_crew", "no_profile")),
    # assignments
    Route("GET", "/v1/assignments", "What a worker has accepted", assignments.list_assignments, worker_views.CardList,
          AS_WORKER, query=worker_views.AssignmentQuery, errors=("no_profile",), own=WORKER),
    Route("POST", "/v1/assignments/{assignment}/confirm", "The seated worker will come", assignments.confirm,
          worker_views.Answered, AS_WORKER, errors=SEAT),
    Route("POST", "/v1/assignments/{assignment}/reconfirm", "A called standby says yes", assignments.reconfirm,
          worker_views.Answered, AS_WORKER, errors=(*SEAT, "no_acceptance", "offer_expired", "posting_not_open",
                                             "already_booked")),
    Route("POST", "/v1/assignments/{assignment}/reconsent", "Answer changed terms", assignments.reconsent,
          worker_views.Answered, AS_WORKER, worker_views.Consent, errors=(*SEAT, "stale_version", "offer_expired")),
    Route("POST", "/v1/assignments/{assignment}/withdraw", "Step back before being seated", assignments.withdraw,
          worker_views.Answered, AS_WORKER, errors=(*SEAT, "no_acceptance")),
    Route("POST", "/v1/assignments/{assignment}/release", "Give a seat back", assignments.release,
          worker_views.Answered, AS_WORKER | {"employer"}, worker_views.Refusal, errors=SEAT),
    Route("POST", "/v1/assignments/{assignment}/check-in", "The worker has arrived", assignments.check_in,
          worker_views.Answered, AT_THE_DOOR, errors=(*SEAT, "too_early")),
    Route("GET", "/v1/assignments/{assignment}/pass", "The code that a worker shows on arrival", passes.get_own_pass,
          pass_views.Pass, AS_WORKER, errors=("bad_id", "no_posting", "no_assignment")),
    Route("GET", "/v1/postings/{posting}/pass", "The code that is shown at the place", passes.get_posting_pass,
          pass_views.Pass, AT_THE_DOOR, errors=("no_posting",)),
    Route("POST", "/v1/postings/{posting}/check-in", "Somebody has arrived, by code", passes.check_in_by_code,
          worker_views.Answered, AT_THE_DOOR | {"worker"}, pass_views.CheckIn,
          errors=(*SEAT, "too_early", "wrong_code", "several_people")),
    Route("POST", "/v1/assignments/{assignment}/no-show", "The worker did not come", assignments.no_show,
          worker_views.Answered, AS_EMPLOYER, errors=(*SEAT, "too_early")),
    Route("POST", "/v1/assignments/{assignment}/done", "The work is finished", assignments.done, worker_views.Answered,
          AS_EMPLOYER, errors=(*SEAT, "too_early")),
    Route("POST", "/v1/assignments/{assignment}/paid", "The worker has the money", assignments.paid,
          worker_views.Answered, AS_WORKER, errors=SEAT),
    # the doors
    Route("POST", "/v1/login/code", "A one-time code is wanted", telephone.ask_code, doors.CodeSent, None,
          doors.CodeAsked, status=202, errors=AT_A_DOOR),
    Route("POST", "/v1/login/telephone", "Come in with telephone and code", telephone.log_in_by_telephone,
          doors.LoggedIn, None, doors.TelephoneLogin, errors=(*AT_A_DOOR, "several_people")),
    Route("GET", "/v1/consent", "What whoever registers consents to", consents.get_consent, ConsentText, None),
    Route("POST", "/v1/login/register", "Register oneself, on a telephone that a code has proved",
          newcomers.register_self, doors.LoggedIn, frozenset({"newcomer"}), doors.Registration,
          errors=("bad_trade", "no_site", "registered", "lives_elsewhere", "new_consent")),
    Route("POST", "/v1/login/staff", "Come in with name, password and authenticator", desk.log_in_staff, doors.LoggedIn,
          None, doors.StaffLogin, errors=AT_A_DOOR),
    Route("POST", "/v1/staff/{account}/authenticator", "A new authenticator for who has lost theirs",
          desk.give_authenticator, doors.Enrolment, MANAGER, doors.AuthenticatorWanted, errors=("no_account",)),
    Route("POST", "/v1/login/ticket", "Come in with queue number and PIN", hall.log_in_by_ticket, doors.LoggedIn, KIOSK,
          doors.TicketLogin, errors=AT_A_DOOR),
    Route("POST", "/v1/login/card", "Come in with the ID card", hall.log_in_by_card, doors.LoggedIn, KIOSK,
          doors.CardLogin, errors=AT_A_DOOR),
    Route("GET", "/v1/session", "Who asks", session.get_session, doors.SessionView, EVERYBODY),
    Route("POST", "/v1/session/rotate", "A new token for this session", session.rotate_session, doors.LoggedIn,
          EVERYBODY, query=doors.Rotation),
    Route("POST", "/v1/session/end", "Out", session.end_session, doors.Ended, EVERYBODY, doors.Ending),
    Route("POST", "/v1/profiles/{profile}/ticket", "A queue number with its PIN", hall.give_ticket, doors.Ticket,
          AS_WORKER, status=201, errors=("no_profile", "no_site", "consent_withdrawn")),
    Route("GET", "/v1/sites/{site}/called", "The last queue numbers called, and how many were given out today",
          hall.list_called, calling.CalledNumbers, STAFF | KIOSK),
    Route("POST", "/v1/sites/{site}/called", "Call a queue number, or the next one", hall.call_number,
          calling.CalledNumbers, STAFF | KIOSK, calling.NumberToCall, errors=("no_site", "no_number"), own=KIOSK),
    Route("POST", "/v1/employers/{employer}/logins", "Who may log in for an employer", telephone.set_login,
          doors.LoginSet, STAFF, doors.Login, errors=("no_employer",)),
    Route("POST", "/v1/kiosks", "Bind a kiosk to a site", hall.add_kiosk, doors.KioskToken, MANAGER, doors.NewKiosk,
          status=201, errors=("no_site",)),
    Route("POST", "/v1/kiosks/{kiosk}/end", "A kiosk is no more", hall.end_kiosk, doors.Ended, MANAGER,
          errors=("no_kiosk",)),
    # imports
    Route("POST", "/v1/ingest", "Push rows of a site", ingest.push_rows, ingest_views.Pushed,
          frozenset({"integration", "manager"}), ingest_views.Push, status=202, errors=("no_site",)),
    Route("GET", "/v1/ingest/runs", "What was read of each source, and what became of the rows", ingest.list_runs,
          ingest_views.RunList, STAFF | {"integration"}, query=ingest_views.RunQuery),
    Route("GET", "/v1/ingest/runs/{run}", "One run", ingest.get_run, ingest_views.RunView, STAFF | {"integration"},
          errors=("not_found",)),
    Route("GET", "/v1/ingest/quarantine", "Rows that stayed out, and why", ingest.list_quarantine,
          ingest_views.KeptList, STAFF, query=ingest_views.KeptQuery),
    Route("POST", "/v1/ingest/quarantine/{row}/replay", "Mend a row and take it in", ingest.replay_row,
          ingest_views.Sent, STAFF, ingest_views.Mending, status=202, errors=("not_found",)),
    Route("POST", "/v1/ingest/quarantine/{row}/discard", "Take a row out for good", ingest.discard_row,
          ingest_views.Discarded, STAFF, errors=("not_found",)),
    Route("GET", "/v1/ingest/merges", "Rows merged into another's record", ingest.list_merges, ingest_views.KeptList,
          STAFF, query=ingest_views.KeptQuery),
    Route("POST", "/v1/ingest/merges/{merge}/undo", "They are not the same", ingest.undo_merge, ingest_views.Sent,
          STAFF, status=202, errors=("not_found",)),
    # sockets
    Route("GET", "/v1/inbox", "A worker's socket: a hello frame, then card and message frames", inbox.inbox, None,
          WORKER, query=worker_views.InboxQuery, errors=("bad_body",), bounded=False),
    Route("GET", "/v1/board", "A socket for who watches postings: a hello frame, then what changes", board.board, None,
          AT_THE_DOOR, query=board_views.BoardQuery, errors=("bad_body",), bounded=False),
    # the server itself
    Route("GET", "/healthz", "The process is alive", health.healthz, views.Health, None, bounded=False),
    Route("GET", "/readyz", "The server can work", health.readyz, views.Ready, None, bounded=False),
    Route("GET", "/metrics", "Counters for Prometheus", health.metrics, None, None, bounded=False),
)  # fmt: skip

_SAID_BY_EVERY_ROUTE: Final = ("not_acceptable", "store_unavailable", "overloaded", "timeout", "internal")
_SAID_TO_TOKENS: Final = ("no_token", "bad_token", "bad_csrf", "forbidden", "too_many_requests")
_SAID_TO_BODIES: Final = ("bad_body", "bad_field", "too_large", "unsupported_media")


def errors_of(route: Route) -> tuple[str, ...]:
    """Every code that the route may answer with, its own first."""
    codes = [*route.errors]
    if "{" in route.path:
        codes.append("bad_id")
    if route.body is not None:
        codes += _SAID_TO_BODIES
    elif route.query is not None:
        codes.append("bad_field")
    if route.roles is not None:
        codes += _SAID_TO_TOKENS
    return tuple(dict.fromkeys([*codes, *_SAID_BY_EVERY_ROUTE]))
