module tern/bench/quamina

go 1.23

require quamina.net/go/quamina v1.5.1

replace quamina.net/go/quamina => github.com/timbray/quamina v1.5.1
